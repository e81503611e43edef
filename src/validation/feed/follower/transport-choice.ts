import type { FeedTransport } from '../../validation.options.js';

/** Milliseconds that a stream must bring something before it counts as one that works. */
const SETTLED = 5_000;
/** Milliseconds of polling before a stream is tried again. */
const POLLING = 600_000;
/** So many streams in a row must fail where polling works: one alone may have met the moment at which the network came back. */
const DOUBTS = 2;

/**
 * How the feed is followed. A proxy that holds a stream back until it ends, or cuts it off, lets short answers through: where streams do not live but
 * polling works, it is polled for ten minutes.
 */
export class TransportChoice {
  private doubts = 0;
  private probing = false;
  private pollingUntil = -Infinity;
  private streamingSince: number | undefined;

  constructor(
    private readonly option: FeedTransport,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get next(): 'stream' | 'poll' {
    if (this.option !== 'auto') return this.option;
    return this.probing || this.now() < this.pollingUntil ? 'poll' : 'stream';
  }

  streamBrought(): void {
    this.streamingSince ??= this.now();
    if (this.now() - this.streamingSince >= SETTLED) this.doubts = 0;
  }

  /** @param explained the service itself said why */
  streamEnded(explained: boolean): void {
    const lived = this.streamingSince === undefined ? 0 : this.now() - this.streamingSince;
    this.streamingSince = undefined;
    this.probing = !explained && lived < SETTLED;
  }

  /**
   * @param fresh what came is recent: else the service, not the way to it, is what lags
   * @returns whether it is to be polled from now on
   */
  pollBrought(fresh: boolean): boolean {
    if (!this.probing) return false;
    this.probing = false;
    this.doubts = fresh ? this.doubts + 1 : 0;
    if (this.doubts < DOUBTS) return false;
    // After that one stream suffices to show that nothing has changed.
    this.doubts = DOUBTS - 1;
    this.pollingUntil = this.now() + POLLING;
    return true;
  }

  pollFailed(): void {
    if (this.probing) this.doubts = 0;
    this.probing = false;
  }
}
