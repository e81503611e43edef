/** A client that is to be told that a session has ended. */
export interface LogoutNotice {
  readonly id: string;
  readonly client: string;
  readonly uri: string;
  readonly subject: string;
  readonly sid: string;
}

/** Notices are written by whatever ends sessions, in the same transaction. @throws StorageUnavailableError */
export abstract class LogoutNoticeStore {
  /**
   * Notices that are due, longest first, for this caller alone: each comes again after a pause that grows with every attempt, unless it is `done` by
   * then, or a day old. Those of clients that are disabled or want no notices any more are dropped.
   *
   * @param except clients whose notices stay where they are
   */
  abstract take(now: Date, limit: number, except?: readonly string[]): Promise<LogoutNotice[]>;

  abstract done(id: string): Promise<void>;
}
