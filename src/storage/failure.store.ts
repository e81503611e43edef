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

/** Counts failures, shared by all instances. Keys are hashed before they are stored. @throws StorageUnavailableError */
export abstract class FailureStore {
  /** When the last of the keys is free again; undefined: none is blocked. */
  abstract blockedUntil(keys: readonly string[], now: Date): Promise<Date | undefined>;
  /** Counts one failure for each key. */
  abstract record(failures: readonly { readonly key: string; readonly policy: FailurePolicy }[], now: Date): Promise<void>;
  abstract clear(keys: readonly string[]): Promise<void>;
}
