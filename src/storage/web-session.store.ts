/** A web app's session as the database knows it: nothing of it can be used without the cookie and the app's keys. */
export interface WebSessionRecord {
  /** How often its tokens were refreshed. */
  readonly generation: number;
  readonly sealed: string;
  /** From then on only the cookie that has the content leads to it: the browser has shown that it has. */
  readonly forgetAt?: Date;
  /** What the application keeps in it: sealed values by name. */
  readonly data: Readonly<Record<string, string>>;
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
  readonly sealed: string;
  readonly createdAt: Date;
  readonly idleUntil: Date;
  /** The absolute end. */
  readonly expiresAt: Date;
}

/** What is sealed for one id does not open under another. */
export interface RenamedWebSession {
  readonly id: Buffer;
  readonly sealed: string;
  readonly data: Readonly<Record<string, string>>;
  /** The data as it was read, under the old id. */
  readonly dataBefore: Readonly<Record<string, string>>;
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
  /** Whether its tables are there. */
  abstract isThere(): Promise<boolean>;

  abstract open(session: NewWebSession): Promise<void>;

  /** Undefined: it has ended, or never was. */
  abstract find(id: Buffer, now: Date): Promise<WebSessionRecord | undefined>;

  /** Takes or renews the right to refresh this generation. False: another holds it, the generation is over, or the session. */
  abstract lease(id: Buffer, generation: number, holder: string, now: Date, until: Date): Promise<boolean>;

  abstract release(id: Buffer, holder: string): Promise<void>;

  /** Stores what the holder's refresh brought, as the next generation. False: it holds the lease no longer, or the session has ended. */
  abstract advance(id: Buffer, generation: number, holder: string, sealed: string, now: Date): Promise<boolean>;

  /** Keeps a sealed value of the application's; undefined: takes it away. Others stay, whoever writes them. False: the session has ended. */
  abstract keep(id: Buffer, name: string, sealed: string | undefined, now: Date): Promise<boolean>;

  /**
   * Gives the session another id, and gives the lease back. False: the holder has it no longer, the data was changed meanwhile, or the session has ended.
   */
  abstract rename(id: Buffer, holder: string, renamed: RenamedWebSession, now: Date): Promise<boolean>;

  /** The browser has shown the content of this generation. The first time counts. */
  abstract acknowledge(id: Buffer, generation: number, forgetAt: Date): Promise<void>;

  abstract touch(id: Buffer, idleUntil: Date): Promise<void>;

  /** Which of them are live. */
  abstract live(ids: readonly Buffer[], now: Date): Promise<readonly Buffer[]>;

  /** False: it had ended already. */
  abstract end(id: Buffer): Promise<boolean>;

  /** Ids of those that ended. */
  abstract endAll(which: WebSessionsOf): Promise<readonly Buffer[]>;

  /** Remembers something, such as a logout token. False: it was seen before, in whichever process. @param id SHA-256 of what it is known by */
  abstract firstSeen(id: Buffer, until: Date): Promise<boolean>;

  abstract wasSeen(id: Buffer, now: Date): Promise<boolean>;

  /** Deletes those that are past their end, but not more than `most`. How many. Any number of processes at once do not wait for each other. */
  abstract prune(now: Date, most: number): Promise<number>;

  /** Deletes logout tokens that are past their end; otherwise as `prune`. */
  abstract pruneSeen(now: Date, most: number): Promise<number>;
}
