/**
 * Readings of one thing, one at a time. Whoever asks while one is under way shares the next: that one may have begun before what he knows of was
 * written.
 */
export class SharedReading<T> {
  private underWay: Promise<T> | undefined;
  private next: Promise<T> | undefined;

  constructor(private readonly read: () => Promise<T>) {}

  /** What was so at some moment after this call. */
  ask(): Promise<T> {
    if (this.next) return this.next;
    if (!this.underWay) return this.begin();
    this.next = this.settled().then(() => {
      this.next = undefined;
      return this.begin();
    });
    return this.next;
  }

  get isUnderWay(): boolean {
    return this.underWay !== undefined;
  }

  /** When the one that is under way has ended, however. */
  settled(): Promise<void> {
    return this.underWay ? this.underWay.then(ignore, ignore) : Promise.resolve();
  }

  private begin(): Promise<T> {
    const reading = this.read().finally(() => {
      if (this.underWay === reading) this.underWay = undefined;
    });
    this.underWay = reading;
    return reading;
  }
}

const ignore = (): void => undefined;
