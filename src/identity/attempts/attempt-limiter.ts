import { Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { FailureStore, type CountedKey } from '../../storage/failure.store.js';
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
 * memory. Keys name what is counted (`account:…`, `address:…`, `client:…`), never a secret. What can be guessed goes through `guess`; for what cannot,
 * and for noise, `check`, try, and tell a failure.
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
  async fail(failures: readonly CountedKey[]): Promise<void> {
    await this.failures.record(failures, this.clock.now());
  }

  /**
   * Makes an attempt that must not be made once too often. It counts as a failure for each key before it begins, and no more when it turns out well
   * or could not be made; so that of any number at once, on any number of instances, no more are begun than the policies allow.
   *
   * @param attempt undefined: it failed
   * @param forgiven those of the keys whose earlier failures a success forgets. Not an address: whoever has one account could clear it for tries at others
   * @throws TooManyAttemptsError while any of the keys is locked: nothing was tried
   */
  async guess<T extends object>(
    failures: readonly CountedKey[],
    attempt: () => Promise<T | undefined>,
    forgiven: readonly string[] = [],
  ): Promise<T | undefined> {
    const now = this.clock.now();
    const until = await this.failures.reserve(failures, now);
    if (until !== undefined) throw tooMany(until.getTime() - now.getTime());
    let result: T | undefined;
    try {
      result = await attempt();
    } catch (error) {
      await this.failures.refund(failures, this.clock.now()).catch(() => undefined); // the error itself says more
      throw error;
    }
    await (result ? this.failures.refund(failures, this.clock.now(), forgiven) : this.failures.confirm(failures, this.clock.now()));
    return result;
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
   * Runs an attempt when its turn has come under each key: of those sent at once the next one waits here and is not turned away because of one that
   * is still being made and may be right. Callers name keys in one and the same order of kinds, or they could wait for each other.
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
