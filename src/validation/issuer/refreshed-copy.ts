import type { Clock } from '../../protocol/clock.js';
import { CheckUnavailableError } from '../check-unavailable.error.js';
import type { SparseLog } from '../sparse-log.js';

/** Seconds. */
export interface RefreshPolicy {
  /** Age at which the copy is read again. */
  readonly maxAge: number;
  /** Age up to which it serves while it cannot be read. */
  readonly lastGood: number;
  /** Shortest time between two readings that `again` brings about. */
  readonly cooldown: number;
}

/** After a failure the next attempt waits so long, in seconds: one service that comes up before the issuer must not wait a whole cooldown. */
const RETRY_FAILED = 1;

/**
 * A copy of something remote: read when first needed, read again when it is old, by one reader at a time. While it cannot be read the last good copy
 * serves without anybody waiting for it, up to its end.
 */
export class RefreshedCopy<T> {
  #copy: { readonly value: T; readonly at: number } | undefined;
  #attempt: { readonly at: number; readonly failure?: unknown } | undefined;
  #reading: Promise<void> | undefined;
  #outdated = false;

  constructor(
    private readonly name: string,
    private readonly load: (previous: T | undefined) => Promise<T>,
    private readonly policy: RefreshPolicy,
    private readonly clock: Clock,
    private readonly log: SparseLog,
  ) {}

  /** @throws CheckUnavailableError when there is no copy that may serve */
  async get(): Promise<T> {
    if (this.#copy && this.#copyAge() <= this.policy.maxAge) return this.#copy.value;
    if (this.#attempt?.failure === undefined) {
      await this.#read();
    } else if (!this.#resting()) {
      const reading = this.#read();
      // In a known outage nobody waits while a copy serves.
      if (!this.#copyServes()) await reading;
    }
    if (this.#copy && this.#copyServes()) return this.#copy.value;
    throw this.#unavailable();
  }

  /** Whatever may serve; when it is old it is read again meanwhile. @throws CheckUnavailableError when there is no such copy */
  known(): Promise<T> {
    const copy = this.#copy;
    if (!copy || !this.#copyServes()) return this.get();
    if (this.#copyAge() > this.policy.maxAge && (this.#attempt?.failure === undefined || !this.#resting())) void this.#read();
    return Promise.resolve(copy.value);
  }

  /** Read again, unless that happened just now. @throws CheckUnavailableError when the last attempt failed */
  async again(): Promise<T> {
    if (!this.#resting()) await this.#read();
    if (this.#attempt?.failure === undefined && this.#copy) return this.#copy.value;
    throw this.#unavailable();
  }

  /** Something has changed there: the next `again` reads, however lately that happened. */
  outdate(): void {
    this.#outdated = true;
  }

  #read(): Promise<void> {
    this.#reading ??= this.#attemptToRead().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #attemptToRead(): Promise<void> {
    this.#outdated = false;
    try {
      const value = await this.load(this.#copy?.value);
      const at = this.#now();
      this.#copy = { value, at };
      this.#attempt = { at };
    } catch (failure) {
      this.#attempt = { at: this.#now(), failure: failure ?? new Error('unknown') };
      this.log.report('error', `${this.name} cannot be read: ${failure instanceof Error ? failure.message : 'unknown'}`);
    }
  }

  #resting(): boolean {
    if (!this.#attempt || this.#outdated) return false;
    const rest = this.#attempt.failure === undefined ? this.policy.cooldown : RETRY_FAILED;
    return Math.abs(this.#now() - this.#attempt.at) < rest;
  }

  #copyServes = (): boolean => this.#copyAge() <= this.policy.lastGood;
  #copyAge = (): number => (this.#copy ? Math.abs(this.#now() - this.#copy.at) : Infinity);
  #now = (): number => this.clock.now().getTime() / 1000;
  #unavailable = (): CheckUnavailableError => new CheckUnavailableError(`${this.name} cannot be had.`, { cause: this.#attempt?.failure });
}
