/** A web app's session as the database knows it: nothing of it can be used without the cookie and the app's keys. */
export interface WebSessionRecord {
  /** How often its tokens were refreshed. */
  readonly generation: number;
  /** How often it was written, for whatever reason. */
  readonly version: number;
  /** The newest content. Undefined: the browser's cookie has it, and has shown that it has. */
  readonly sealed?: string;
  /** Somebody refreshes it until then. */
  readonly leasedUntil?: Date;
  /** It ends by itself, unless it is used before. */
  readonly idleUntil: Date;
}

export interface NewWebSession {
  /** SHA-256 of what the browser presents. */
  readonly id: Buffer;
  /** Who signed the person in, whom, and in which session of theirs: by these, sessions are ended from there. */
  readonly issuer: string;
  readonly subject: string;
  readonly sid?: string;
  readonly sealed?: string;
  readonly createdAt: Date;
  readonly idleUntil: Date;
  /** The absolute end. */
  readonly expiresAt: Date;
}

/** Which of the app's sessions end: one session at the issuer, or all of a person. */
export type WebSessionsOf = { readonly issuer: string; readonly createdBefore: Date } & (
  { readonly sid: string; readonly subject?: string } | { readonly sid?: undefined; readonly subject: string }
);

/**
 * Cookie sessions of web apps (`countersign/session`): that they are live, who refreshes them, and what the refresh brought. Every method is one
 * statement, and may be called by any number of processes at once.
 * @throws StorageUnavailableError when the database cannot be asked
 */
export abstract class WebSessionStore {
  abstract open(session: NewWebSession): Promise<void>;

  /** Undefined: it has ended, or never was. */
  abstract find(id: Buffer, now: Date): Promise<WebSessionRecord | undefined>;

  /** Takes or renews the right to refresh this generation. False: another holds it, the generation is over, or the session. */
  abstract lease(id: Buffer, generation: number, holder: string, now: Date, until: Date): Promise<boolean>;

  abstract release(id: Buffer, holder: string): Promise<void>;

  /** Stores what the holder's refresh brought, as the next generation. False: it holds the lease no longer, or the session has ended. */
  abstract advance(id: Buffer, generation: number, holder: string, sealed: string, now: Date): Promise<boolean>;

  /** Replaces the content of a version. False: it was written meanwhile, or the session has ended. */
  abstract write(id: Buffer, version: number, sealed: string, now: Date): Promise<boolean>;

  /** The browser has shown the content of this generation. From `forgetAt` on, the store need not have it. */
  abstract acknowledge(id: Buffer, generation: number, forgetAt: Date): Promise<void>;

  abstract touch(id: Buffer, idleUntil: Date): Promise<void>;

  /** False: it had ended already. */
  abstract end(id: Buffer): Promise<boolean>;

  /** How many ended. */
  abstract endAll(which: WebSessionsOf): Promise<number>;

  /** Deletes those that are past their end, but not more than `most`. How many. Any number of processes at once do not wait for each other. */
  abstract prune(now: Date, most: number): Promise<number>;
}
