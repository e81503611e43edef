import { Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { FailureStore, type FailurePolicy } from '../../storage/failure.store.js';
import { Lane } from './lane.js';
import { RateWindows } from './rate-windows.js';
import { TooManyAttemptsError } from './too-many-attempts.error.js';

/** Attempts under one key of which so many may be under way at once. */
export interface AttemptLane {
  readonly key: string;
  readonly width: number;
}

const LANE_QUEUE = 100;

/**
 * Who may try how often (protocol.md, "Rate limits"). Failures are counted in Postgres, for all instances; everything else in this instance's
 * memory. Keys name what is counted (`account:…`, `address:…`, `client:…`), never a secret. Check, try, then tell how it went.
 */
@Injectable()
export class AttemptLimiter {
  private readonly windows = new RateWindows();
  private readonly lanes = new Map<string, Lane>();

  constructor(
    private readonly failures: FailureStore,
    private readonly clock: Clock,
  ) {}

  /** @throws TooManyAttemptsError while any of the keys is locked */
  async check(keys: readonly string[]): Promise<void> {
    const now = this.clock.now();
    const until = await this.failures.blockedUntil(keys, now);
    if (until !== undefined && until > now) throw tooMany(until.getTime() - now.getTime());
  }

  /** Counts one failure for each key; beyond its free ones a key is locked for a time that doubles with each. */
  async fail(failures: readonly { readonly key: string; readonly policy: FailurePolicy }[]): Promise<void> {
    await this.failures.record(failures, this.clock.now());
  }

  /** Forgets the failures of keys that have proved themselves. Not of an address: whoever has one account could clear it for tries at others. */
  async clear(keys: readonly string[]): Promise<void> {
    await this.failures.clear(keys);
  }

  /**
   * Counts one more for the key in this instance's current window.
   *
   * @throws TooManyAttemptsError when the window held `limit` already
   */
  allow(key: string, limit: number, windowSeconds: number): void {
    const wait = this.windows.count(key, limit, windowSeconds * 1000, this.clock.now().getTime());
    if (wait > 0) throw tooMany(wait);
  }

  /**
   * Runs an attempt when its turn has come under each key. Without turns a thousand guesses sent at once would all pass `check` before the first
   * failure is counted; with them an instance is at most `width - 1` guesses late. `work` calls `check` first and `fail` last. Callers name
   * keys in one and the same order of kinds, or they could wait for each other.
   *
   * @throws TooManyAttemptsError when too many wait already
   */
  async inTurn<T>([first, ...others]: readonly AttemptLane[], work: () => Promise<T>): Promise<T> {
    if (first === undefined) return work();
    const lane = this.lanes.get(first.key) ?? new Lane(first.width, LANE_QUEUE);
    if (lane.full) throw tooMany(1000);
    this.lanes.set(first.key, lane);
    try {
      return await lane.run(() => this.inTurn(others, work));
    } finally {
      if (lane.idle) this.lanes.delete(first.key);
    }
  }
}

const tooMany = (milliseconds: number): TooManyAttemptsError => new TooManyAttemptsError(Math.max(1, Math.ceil(milliseconds / 1000)));
