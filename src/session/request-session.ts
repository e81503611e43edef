import { SessionApi } from './api/session-api.js';
import type { EndReason } from './session-events.js';
import type { ResolvedSessionOptions } from './session.options.js';
import type { OpenSession } from './state/open-session.js';
import { sessionIdHash } from './state/session-ids.js';
import type { UserClaims } from './state/session-state.js';
import type { WebSession } from './web-session.js';

/** What a request can do to its session; done by whoever keeps sessions. */
export interface SessionActions {
  fresh(session: OpenSession, force: boolean): Promise<OpenSession>;
  end(session: OpenSession, reason: EndReason): Promise<void>;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** The session of one request: what came in, and what the answer must say of it. */
export class RequestSession implements WebSession {
  /** What the answer does with the cookie. */
  cookie: 'keep' | 'set' | 'clear' = 'keep';

  constructor(
    private open: OpenSession,
    private readonly options: Pick<ResolvedSessionOptions, 'session' | 'apis'>,
    private readonly actions: SessionActions,
  ) {}

  get current(): OpenSession {
    return this.open;
  }

  get id(): string {
    return sessionIdHash(this.open.id).toString('base64url');
  }

  get user(): UserClaims {
    return this.open.state.user;
  }

  get expiresAt(): Date {
    return new Date(this.open.state.createdAt + this.options.session.absolute * 1000);
  }

  async accessToken({ force = false }: { readonly force?: boolean } = {}): Promise<string> {
    this.replace(await this.actions.fresh(this.open, force));
    return this.open.state.tokens.accessToken;
  }

  get tokenReceivedAt(): number {
    return this.open.state.tokens.receivedAt;
  }

  api(name: string): SessionApi {
    const api = Object.hasOwn(this.options.apis, name) ? this.options.apis[name] : undefined;
    if (!api) throw new TypeError('There is no API of that name in the options.');
    return new SessionApi(api, this, () => this.actions.now());
  }

  async end(): Promise<void> {
    this.cookie = 'clear';
    await this.actions.end(this.open, 'logout');
  }

  /** Of the same session. What was taken away is not given back. */
  replace(newer: OpenSession): void {
    if (newer.generation === this.open.generation && newer.state === this.open.state) return;
    this.open = newer;
    this.renew();
  }

  renew(): void {
    if (this.cookie !== 'clear') this.cookie = 'set';
  }
}
