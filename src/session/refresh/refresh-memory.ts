import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import type { RefreshFailure } from '../provider/refresh-failure.js';
import { SESSION_CLOCK } from '../session-clock.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import { ChangesUnderWay } from '../state/changes-under-way.js';
import type { OpenSession } from '../state/open-session.js';
import { keyOf as wantedKey, type WantedToken } from '../state/session-state.js';
import { TokenFreshness } from './token-freshness.js';

/** Milliseconds. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;
const MOST_REMEMBERED = 10_000;

interface Failure {
  readonly failure: RefreshFailure;
  readonly pause: number;
  readonly notBefore: number;
}

/** What this process knows of refreshes that are over: what they brought, and which are not to be tried again yet. */
@Injectable()
export class RefreshMemory {
  private readonly successors = new Map<string, { readonly session: OpenSession; readonly until: number }>();
  private readonly failures = new Map<string, Failure>();

  constructor(
    private readonly freshness: TokenFreshness,
    private readonly underWay: ChangesUnderWay,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
  ) {}

  /** The newest that is known of the session: an old cookie that comes a moment later leads to the same successor. */
  newest(session: OpenSession): OpenSession {
    const known = this.successors.get(keyOf(session));
    return known && known.until > this.now ? this.newest(known.session) : session;
  }

  /** The newest, if it has a token of the wanted kind that the session does not have. */
  answer(session: OpenSession, wanted: WantedToken): OpenSession | undefined {
    const newest = this.newest(session);
    return this.freshness.brings(newest, session, wanted) ? newest : undefined;
  }

  succeeded(before: OpenSession, session: OpenSession, wanted: WantedToken): void {
    this.failures.delete(failureKey(session, wanted));
    if (session.generation <= before.generation) return;
    this.underWay.refreshed(session);
    for (const [old, { until }] of this.successors) {
      if (until > this.now && this.successors.size < MOST_REMEMBERED) break;
      this.successors.delete(old);
    }
    this.successors.set(keyOf(before), { session, until: this.now + this.options.refresh.leeway * 1000 });
  }

  /** Why the session is not to be refreshed yet for that; undefined: it may be. */
  pausedFor(session: OpenSession, wanted: WantedToken): RefreshFailure | undefined {
    const failed = this.failures.get(failureKey(session, wanted));
    return failed && failed.notBefore > this.now ? failed.failure : undefined;
  }

  /** Each failure in a row doubles the pause after it. */
  failed(session: OpenSession, wanted: WantedToken, failure: RefreshFailure): void {
    const key = failureKey(session, wanted);
    const pause = Math.min((this.failures.get(key)?.pause ?? FIRST_PAUSE / 2) * 2, LONGEST_PAUSE);
    if (this.failures.size >= MOST_REMEMBERED) this.failures.delete(this.failures.keys().next().value ?? '');
    this.failures.set(key, { failure, pause, notBefore: this.now + Math.max(pause, (failure.retryAfter ?? 0) * 1000) });
  }

  private get now(): number {
    return this.clock.now().getTime();
  }
}

const keyOf = ({ id, generation }: OpenSession): string => `${id} ${generation}`;
/** A token that the provider never gives must not keep the session from its own. */
const failureKey = ({ id }: OpenSession, wanted: WantedToken): string => `${id} ${wantedKey(wanted)}`;
