/** A sign-in session: one person, one device. */
export interface SessionRecord {
  readonly sid: string;
  readonly subject: string;
  readonly client: string;
  readonly createdAt: Date;
  /** The newest refresh or sign-in under it. */
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
  readonly userAgent?: string;
  readonly address?: string;
}

/** @throws StorageUnavailableError when the database cannot be asked */
export abstract class SessionStore {
  /** Sessions of a subject that still have a valid grant, newest first. */
  abstract list(subject: string, now: Date): Promise<SessionRecord[]>;

  /** Ends a session of the subject with all its grants. False: no such live session. */
  abstract end(subject: string, sid: string, now: Date): Promise<boolean>;

  /** Ends all sessions of the subject but one. Returns how many grants ended. */
  abstract endOthers(subject: string, keepSid: string | undefined, now: Date): Promise<number>;
}
