import type { LogRow } from '../../storage/revocation-log.store.js';

/** Whoever is told of what was ended. Times: milliseconds of this process's monotonic clock (`performance.now()`), never of anybody's wall clock. */
export interface FeedListener {
  /** All that is in force comes anew. @param asOf nothing that was committed before is missing */
  reload(asOf: number): Reloading;
  /** What came since; often nothing. @param asOf as with `reload` */
  add(rows: readonly LogRow[], asOf: number): void;
}

/** What was known before serves until this is complete, which it may never be. */
export interface Reloading {
  add(rows: Iterable<LogRow>): void;
  /** Takes the place of all that was known before, at once. */
  complete(): void;
}

/** Where revocations come from: the database's log, or the service's feed over HTTP. It begins anew by itself whenever that is needed, without end. */
export abstract class FeedSource {
  /** Begins with a `reload`. */
  abstract start(listener: FeedListener): void;

  /** How it hears over HTTP. Undefined: otherwise, or not yet. */
  get transport(): 'stream' | 'poll' | undefined {
    return undefined;
  }

  /** Nobody is told anything any more. */
  abstract stop(): void;
}
