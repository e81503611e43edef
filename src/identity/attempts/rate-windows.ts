interface Window {
  used: number;
  readonly endsAt: number;
}

/**
 * Counts per key in fixed windows, in this instance's memory. At most `capacity` keys: when full, the windows that have ended go, and if that is not
 * enough the oldest one – a flood of new keys may forgive some requests, but cannot fill the memory.
 */
export class RateWindows {
  private readonly windows = new Map<string, Window>();

  constructor(private readonly capacity = 10_000) {}

  get size(): number {
    return this.windows.size;
  }

  /** Counts one. Returns the milliseconds until the window ends when its limit was reached before, else 0. */
  count(key: string, limit: number, windowMs: number, now: number): number {
    let window = this.windows.get(key);
    if (window === undefined || window.endsAt <= now) {
      this.windows.delete(key); // so that the map stays in the order in which windows began
      if (this.windows.size >= this.capacity) this.makeRoom(now);
      window = { used: 0, endsAt: now + windowMs };
      this.windows.set(key, window);
    }
    window.used++;
    return window.used > limit ? window.endsAt - now : 0;
  }

  private makeRoom(now: number): void {
    for (const [key, { endsAt }] of this.windows) if (endsAt <= now) this.windows.delete(key);
    for (const key of this.windows.keys()) {
      if (this.windows.size < this.capacity) return;
      this.windows.delete(key);
    }
  }
}
