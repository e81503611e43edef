import type { Clock } from '../../protocol/clock.js';
import { SharedReading } from './shared-reading.js';

/** The last resort: whoever forgets to say that it has changed. */
const OLDEST_MS = 60_000;

/** A piece of configuration as it was read, until it is told to forget it. */
export class Remembered<T> {
  private kept: { readonly value: T; readonly readAt: number } | undefined;
  private generation = 0;
  private readonly reading = new SharedReading(() => this.readNow());

  constructor(
    private readonly load: () => Promise<T>,
    private readonly clock: Clock,
  ) {}

  /** Undefined: not read since it was forgotten. */
  get value(): T | undefined {
    return this.kept && Math.abs(this.now() - this.kept.readAt) < OLDEST_MS ? this.kept.value : undefined;
  }

  /** What is remembered, else as `read`. */
  async get(): Promise<T> {
    return this.value ?? this.reading.ask();
  }

  /** What is so now, whatever is remembered. */
  read(): Promise<T> {
    return this.reading.ask();
  }

  /** A reading that is under way may have begun before the change: what it brings is for those who wait for it, and is not kept. */
  forget(): void {
    this.kept = undefined;
    this.generation++;
  }

  private async readNow(): Promise<T> {
    const [generation, readAt] = [this.generation, this.now()];
    const value = await this.load();
    if (generation === this.generation) this.kept = { value, readAt };
    return value;
  }

  private now(): number {
    return this.clock.now().getTime();
  }
}
