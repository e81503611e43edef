const FIRST = 200;
const LONGEST = 5_000;
/** Whoever asks for more gets this: a service that is back must not be waited for. */
const LONGEST_RETRY_AFTER = 30_000;

/** Pauses between attempts, in milliseconds: from 100 to 5 000, twice as long each time, and not the same for everybody. */
export class Backoff {
  private ceiling = FIRST;

  constructor(private readonly random: () => number = Math.random) {}

  /** @param retryAfter what the service asks for, in milliseconds */
  next(retryAfter = 0): number {
    const pause = this.jittered(this.ceiling);
    this.ceiling = Math.min(2 * this.ceiling, LONGEST);
    return pause + Math.min(retryAfter, LONGEST_RETRY_AFTER);
  }

  /** Where only a change helps. */
  slowest(): number {
    return this.jittered(LONGEST);
  }

  reset(): void {
    this.ceiling = FIRST;
  }

  private jittered(ceiling: number): number {
    return (ceiling / 2) * (1 + this.random());
  }
}
