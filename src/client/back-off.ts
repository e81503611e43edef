const FIRST = 1;
const LONGEST = 30;
/** The longest `Retry-After` that is heeded: a wrong one must not lock anybody out for a day. */
const LONGEST_HEEDED = 300;

/** How long to leave the service alone after it failed. Seconds; `now` in milliseconds. */
export class BackOff {
  private delay = 0;
  private until = 0;
  /** As far as the service itself asked for it. */
  private askedUntil = 0;
  private cause: unknown;

  /**
   * The failure that is still to be waited out. With a dead access token only what the service asked for is: the person waits for the network to come
   * back, and there is never more than one attempt under way.
   */
  waitsFor(now: number, alive: boolean): { readonly cause: unknown } | undefined {
    return now < (alive ? this.until : this.askedUntil) ? { cause: this.cause } : undefined;
  }

  failed(now: number, cause: unknown, retryAfter = 0): void {
    this.delay = Math.min(LONGEST, Math.max(FIRST, this.delay * 2));
    const asked = Math.min(LONGEST_HEEDED, retryAfter);
    this.askedUntil = now + asked * 1000;
    this.until = now + Math.max(this.delay, asked) * 1000;
    this.cause = cause;
  }

  reset(): void {
    this.delay = this.until = this.askedUntil = 0;
    this.cause = undefined;
  }
}
