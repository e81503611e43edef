/** A sign-in session: one person, one device or browser. */
export interface SessionRecord {
  readonly sid: string;
  readonly subject: string;
  /** The app that signed the person in by itself; undefined: a browser, at the service's own pages. */
  readonly client?: string;
  readonly createdAt: Date;
  /** The newest refresh or sign-in under it. */
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
  readonly userAgent?: string;
  readonly address?: string;
}

/** @throws StorageUnavailableError when the database cannot be asked */
export abstract class SessionStore {
  /** Live sessions of a subject, newest first: of browsers, and of apps that still have a valid grant. */
  abstract list(subject: string, now: Date): Promise<SessionRecord[]>;

  /** Ends a session of the subject with all its grants, offline_access or not. False: no such live session. */
  abstract end(subject: string, sid: string, now: Date): Promise<boolean>;

  /** Ends all sessions of the subject but one. Returns how many grants ended. */
  abstract endOthers(subject: string, keepSid: string | undefined, now: Date): Promise<number>;
}
