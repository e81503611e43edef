/** How one operation is asked of a server. */
export interface Offer {
  readonly path: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** Parameters of the form that are the same each time. */
  readonly form?: Readonly<Record<string, string>>;
  /** Bodies in JSON, one for each connection. */
  readonly json?: readonly object[];
  /** For a refresh: one refresh token for each connection. */
  readonly tokens?: readonly string[];
}

/** What a measured process says of itself when it listens. */
export interface Announcement {
  readonly port: number;
  /** By the names of operations; asked for just before one is measured. */
  readonly offers: Readonly<Record<string, (connections: number) => Offer | Promise<Offer>>>;
  /** So many tokens that can be revoked once each. */
  readonly revocable?: (count: number) => Promise<string[]>;
}

export type Question = { readonly id: number } & (
  | { readonly ask: 'offer'; readonly operation: string; readonly connections: number }
  | { readonly ask: 'revocable'; readonly count: number }
  | { readonly ask: 'cpu' }
);

export type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly error: string });

/** In the measured process: says that it listens, and answers the bench from then on. */
export function announce(announcement: Announcement): void {
  const answer = (question: Question): unknown => {
    switch (question.ask) {
      case 'offer':
        return announcement.offers[question.operation]?.(question.connections);
      case 'revocable':
        return announcement.revocable?.(question.count);
      case 'cpu':
        return process.cpuUsage();
    }
  };
  process.on('message', (question: Question) => {
    Promise.resolve(question)
      .then(answer)
      .then(
        (value) => process.send?.({ id: question.id, value }),
        (error: unknown) => process.send?.({ id: question.id, error: String(error) }),
      );
  });
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', () => process.exit(0));
  process.send?.({ port: announcement.port, operations: Object.keys(announcement.offers) });
}
