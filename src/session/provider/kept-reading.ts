/** Milliseconds. A provider that moves an endpoint or adds one is noticed within that. */
const RENEWED_AFTER = 3_600_000;
/** Milliseconds until a reading that failed is tried again, while there is an older one. */
const PAUSE = 60_000;

/** Something that is read when it is first needed, once for all who wait, and again from time to time; what was read last serves meanwhile. */
export class KeptReading<T> {
  private last: T | undefined;
  private renewedAt = 0;
  private underWay: Promise<T> | undefined;

  /** @param now milliseconds since the epoch */
  constructor(
    private readonly read: () => Promise<T>,
    private readonly now: () => number,
  ) {}

  /** @throws what reading throws, where nothing was ever read */
  get(): Promise<T> | T {
    if (this.last === undefined) return this.reading();
    if (this.now() >= this.renewedAt) this.reading().catch(() => undefined);
    return this.last;
  }

  private reading(): Promise<T> {
    this.underWay ??= this.readAnew().finally(() => (this.underWay = undefined));
    return this.underWay;
  }

  private async readAnew(): Promise<T> {
    this.renewedAt = this.now() + PAUSE;
    this.last = await this.read();
    this.renewedAt = this.now() + RENEWED_AFTER;
    return this.last;
  }
}
