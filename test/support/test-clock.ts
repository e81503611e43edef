import { Clock } from '../../src/protocol/clock.js';

/** Stands still unless moved. Starts at the present, so that the partitions of a fresh database fit. */
export class TestClock extends Clock {
  private time = Math.floor(Date.now() / 1000) * 1000;

  override now(): Date {
    return new Date(this.time);
  }

  /** Seconds, also negative. */
  advance(seconds: number): void {
    this.time += seconds * 1000;
  }
}
