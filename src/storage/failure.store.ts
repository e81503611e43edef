/** How failures of one key (an account, an address, a client) are counted and answered. Times in seconds. */
export interface FailurePolicy {
  /** Failures that cost nothing. */
  readonly free: number;
  /** Block after the first failure beyond; doubles with each further one. */
  readonly firstBlock: number;
  readonly longestBlock: number;
  /** A key without failures for so long starts afresh. */
  readonly forgetAfter: number;
}

/** What a failure is counted under, and how it is answered. */
export interface CountedKey {
  readonly key: string;
  readonly policy: FailurePolicy;
}

/**
 * Counts failures, shared by all instances. Keys are hashed before they are stored.
 *
 * Where one guess too many matters, a failure is counted before the attempt: `reserve`, try, then `confirm` or `refund`. Whoever dies in between has
 * failed.
 *
 * @throws StorageUnavailableError
 */
export abstract class FailureStore {
  /** When the last of the keys is free again; undefined: none is blocked. */
  abstract blockedUntil(keys: readonly string[], now: Date): Promise<Date | undefined>;

  /** Counts one failure for each key. */
  abstract record(failures: readonly CountedKey[], now: Date): Promise<void>;

  /**
   * Counts one failure for each key ahead of the attempt, unless one of them is blocked: then none, and it says until when. Of any number at once no
   * more pass than the policies allow.
   */
  abstract reserve(failures: readonly CountedKey[], now: Date): Promise<Date | undefined>;

  /** The reserved attempt failed: it was the last one as of now. */
  abstract confirm(failures: readonly CountedKey[], now: Date): Promise<void>;

  /**
   * The reserved attempt did not fail: everything is as if it had not been made.
   * @param forgiven those of the keys that have proved themselves: their earlier failures are forgotten, too
   */
  abstract refund(failures: readonly CountedKey[], now: Date, forgiven?: readonly string[]): Promise<void>;
}
