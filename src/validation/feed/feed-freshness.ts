/**
 * How far what a guard holds can be trusted. `cold`: nothing was heard yet. `fresh`, `stale`: it decides by itself. `blind`: it was last told too long
 * ago.
 */
export type FeedState = 'cold' | 'fresh' | 'stale' | 'blind';

/** Milliseconds after which something is wrong: forty readings of the log did not come. */
const SOFT_STALE = 2_000;

/** The age of what is held, on the monotonic clock of this process, and what follows from it: never "connected" or "not connected". */
export class FeedFreshness {
  private readonly started: number;
  private asOf: number | undefined;

  /** @param maxStale milliseconds */
  constructor(
    private readonly maxStale: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.started = now();
  }

  /** All of it was replaced by what was true at `asOf`, even if more was known before. */
  replaced(asOf: number): void {
    this.asOf = Math.min(asOf, this.now());
  }

  /** It was completed up to `asOf`. */
  completed(asOf: number): void {
    if (this.asOf !== undefined) this.asOf = Math.max(this.asOf, Math.min(asOf, this.now()));
  }

  /** Milliseconds. Undefined: nothing was heard yet. */
  get age(): number | undefined {
    return this.asOf === undefined ? undefined : this.now() - this.asOf;
  }

  get state(): FeedState {
    const { age } = this;
    if (age === undefined) return 'cold';
    if (age > this.maxStale) return 'blind';
    return age > SOFT_STALE ? 'stale' : 'fresh';
  }

  /** Whether what is held suffices to let a token pass. */
  get decides(): boolean {
    return this.asOf !== undefined && this.now() - this.asOf <= this.maxStale;
  }

  /** Milliseconds since it last did. */
  get blindFor(): number {
    return Math.max(0, this.asOf === undefined ? this.now() - this.started : this.now() - this.asOf - this.maxStale);
  }
}
