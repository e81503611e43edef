import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import { admissionOf, type Admission } from '../admission.js';
import { ActiveChecks, type ActiveCheck } from '../checks/active-checks.js';
import { RevocationFeed } from '../feed/revocation-feed.js';
import { Limiter } from '../introspection/limiter.js';
import { SparseLog } from '../sparse-log.js';
import type { Accepted, TokenCheck } from '../token-check.js';
import { VALIDATION_CLOCK } from '../validation-clock.js';
import { VALIDATION_OPTIONS, type ResolvedValidationOptions } from '../validation.options.js';

/** `unavailable`: for `maxStale` it could not be told whether it is good. */
export type TokenEnd = 'expired' | 'revoked' | 'unavailable';

/** Milliseconds between two looks at dates, and between two questions about the same token. */
const PERIOD = 1_000;
/** What the feed brings is looked at together: many rows cost as much as one. Milliseconds. */
const GATHERING = 500;

interface OpenToken extends Admission {
  readonly watchers: Set<(end: TokenEnd) => void>;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** When it was last known to be good, on the monotonic clock. */
  good: number;
  isAsked: boolean;
  /** Since when the feed cannot tell and nobody else has: on the monotonic clock. */
  doubted?: number | undefined;
}

/**
 * Tokens by which something is open: says within two seconds that one was revoked or has expired. With the check `feed` nothing is asked for it, with
 * `signature` only the date counts; by other checks each token is asked about once a second, however many wait for it. For sockets and streams of
 * one's own; `@EndsWithToken()` is made of this.
 */
@Injectable()
export class OpenTokens implements OnApplicationShutdown {
  private readonly tokens = new Map<ActiveCheck, Map<string, OpenToken>>();
  private readonly limiter: Limiter;
  private readonly logger = new Logger(OpenTokens.name);
  private readonly failures: SparseLog;
  private timer: NodeJS.Timeout | undefined;
  private gathering: NodeJS.Timeout | undefined;

  constructor(
    @Inject(VALIDATION_OPTIONS) private readonly options: ResolvedValidationOptions,
    @Inject(VALIDATION_CLOCK) private readonly clock: Clock,
    private readonly checks: ActiveChecks,
    private readonly feed: RevocationFeed,
  ) {
    this.limiter = new Limiter(options.exactConcurrency, Infinity);
    this.failures = new SparseLog(this.logger, clock);
    this.feed.told.add(this.gather);
  }

  /**
   * @param carrier of a call that BearerGuard let pass, as of `principalOf`
   * @param onEnd called once at most, later than this returns
   * @returns forgets it: to be called when the thing is closed
   */
  watch(carrier: object, onEnd: (end: TokenEnd) => void): () => void {
    const admission = admissionOf(carrier);
    if (!admission) throw new Error('OpenTokens: no BearerGuard let this pass.');
    return this.open(admission, onEnd);
  }

  /**
   * The same where no guard is: by the check of the module.
   * @param accepted what `TokenCheck.check(token)` said
   */
  watchToken(token: string, accepted: Accepted, onEnd: (end: TokenEnd) => void): () => void {
    return this.open({ token, accepted, active: this.checks.of() }, onEnd);
  }

  onApplicationShutdown(): void {
    this.feed.told.delete(this.gather);
    clearTimeout(this.gathering);
    clearInterval(this.timer);
    this.tokens.clear();
  }

  /** Tokens that are watched. */
  get size(): number {
    return [...this.tokens.values()].reduce((sum, { size }) => sum + size, 0);
  }

  private open(admission: Admission, onEnd: (end: TokenEnd) => void): () => void {
    const { active, token } = admission;
    let ofCheck = this.tokens.get(active);
    if (!ofCheck) this.tokens.set(active, (ofCheck = new Map()));
    let open = ofCheck.get(token);
    if (!open) {
      open = { ...admission, watchers: new Set(), expiresAt: this.endOf(admission), good: performance.now(), isAsked: false };
      ofCheck.set(token, open);
      // It may have ended between the guard and here.
      const opened = open;
      queueMicrotask(() => this.judge(opened));
    }
    const { watchers } = open;
    const watcher = (end: TokenEnd): void => onEnd(end);
    watchers.add(watcher);
    this.timer ??= setInterval(this.look, PERIOD).unref();
    return () => {
      if (watchers.delete(watcher) && watchers.size === 0) this.forget(active, token);
    };
  }

  private forget(active: ActiveCheck, token: string): void {
    const ofCheck = this.tokens.get(active);
    ofCheck?.delete(token);
    if (ofCheck?.size === 0) this.tokens.delete(active);
    if (this.tokens.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private end(open: OpenToken, end: TokenEnd): void {
    const watchers = [...open.watchers];
    open.watchers.clear();
    if (watchers.length > 0) this.forget(open.active, open.token);
    for (const watcher of watchers) {
      try {
        watcher(end);
      } catch (error) {
        this.logger.error(error);
      }
    }
  }

  private readonly look = (): void => {
    const now = this.clock.now().getTime();
    for (const open of this.all()) {
      if (now >= open.expiresAt) this.end(open, 'expired');
      else if (typeof open.active.watch === 'object') this.ask(open, open.active.watch);
      else if (open.active.watch === 'feed' && (open.doubted !== undefined || !this.feed.freshness.decides))
        this.ask(open, open.active.check);
    }
  };

  private readonly gather = (): void => {
    this.gathering ??= setTimeout(() => {
      this.gathering = undefined;
      for (const open of this.all()) this.judge(open);
    }, GATHERING).unref();
  };

  /** By what the feed has brought. */
  private judge(open: OpenToken): void {
    const { active, accepted } = open;
    if (active.watch !== 'feed') return;
    const judgement = this.feed.judge(accepted.principal, accepted.kid);
    if (judgement === 'revoked') this.end(open, 'revoked');
    if (judgement === 'revoked' || judgement === 'clear') return;
    open.doubted ??= performance.now();
    this.ask(open, active.check);
  }

  private ask(open: OpenToken, check: TokenCheck): void {
    if (open.isAsked) return;
    open.isAsked = true;
    void this.limiter.run(() => this.askNow(open, check))?.finally(() => (open.isAsked = false));
  }

  private async askNow(open: OpenToken, check: TokenCheck): Promise<void> {
    if (open.watchers.size === 0) return;
    const asked = performance.now();
    try {
      const { accepted } = await check.check(open.token);
      if (!accepted) return this.end(open, 'revoked');
      open.good = asked;
      if (open.doubted !== undefined && open.doubted <= asked) open.doubted = undefined;
    } catch (error) {
      this.failures.report('error', `Open tokens cannot be checked: ${error instanceof Error ? error.message : 'unknown'}`);
      if (performance.now() - this.lastGood(open) > this.options.maxStale * 1000) this.end(open, 'unavailable');
    }
  }

  /** The feed knew of every token as long as it was heard, but of those that it cannot tell. */
  private lastGood({ active, good, doubted = Infinity }: OpenToken): number {
    const { age } = this.feed.freshness;
    return active.watch === 'feed' && age !== undefined ? Math.max(good, Math.min(performance.now() - age, doubted)) : good;
  }

  private endOf({ accepted: { principal, kid } }: Admission): number {
    // Dates of signed tokens only are judged with a tolerance.
    const tolerance = kid === undefined ? 0 : this.options.clockTolerance;
    return principal.expiresAt.getTime() + tolerance * 1000;
  }

  /** As they are at the moment: who is told of an end may open others. */
  private all(): OpenToken[] {
    return [...this.tokens.values()].flatMap((ofCheck) => [...ofCheck.values()]);
  }
}
