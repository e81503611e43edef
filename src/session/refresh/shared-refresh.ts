import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import { RefreshFailure } from '../provider/refresh-failure.js';
import { SESSION_CLOCK } from '../session-clock.js';
import { SessionEvents } from '../session-events.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import { eventOf, type OpenSession } from '../state/open-session.js';
import type { SessionTokens } from '../state/session-state.js';
import { TokenRefresh, type RefreshedSession } from './token-refresh.js';

/** Milliseconds. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;
/** Milliseconds between two refreshes of a session whose tokens live no longer than that. */
const LEAST_APART = 10_000;
const MOST_REMEMBERED = 10_000;

interface Failure {
  readonly failure: RefreshFailure;
  readonly pause: number;
  readonly notBefore: number;
}

/** When tokens are refreshed, and by whom in this process: the first who needs it asks, the others wait for the same answer. */
@Injectable()
export class SharedRefresh {
  private readonly underWay = new Map<string, Promise<RefreshedSession>>();
  private readonly recent = new Map<string, { readonly session: OpenSession; readonly until: number }>();
  private readonly failures = new Map<string, Failure>();

  constructor(
    private readonly refreshing: TokenRefresh,
    private readonly events: SessionEvents,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
  ) {}

  isDue({ receivedAt, expiresAt }: SessionTokens): boolean {
    const now = this.clock.now().getTime();
    const before = Math.min(this.options.refresh.before * 1000, (expiresAt - receivedAt) / 2);
    // A clock that was set, or a provider whose tokens live a moment, must not bring a call on each request.
    return expiresAt - now <= before && Math.abs(now - receivedAt) >= Math.min(LEAST_APART, this.options.refresh.before * 1000);
  }

  /**
   * The session with new tokens. `received` is for the one who asked the provider; the others get the same session.
   * @throws RefreshFailure, also while it is too early to try again; SessionEndedError; StorageUnavailableError
   */
  async refresh(session: OpenSession): Promise<RefreshedSession> {
    const key = `${session.id} ${session.generation}`;
    const known = this.recent.get(key);
    if (known && known.until > this.clock.now().getTime()) return { session: known.session };
    const running = this.underWay.get(key);
    if (running) return { session: (await running).session };
    const failed = this.failures.get(session.id);
    if (failed && failed.notBefore > this.clock.now().getTime()) throw failed.failure;
    const mine = this.attempt(key, session);
    this.underWay.set(key, mine);
    try {
      return await mine;
    } finally {
      this.underWay.delete(key);
    }
  }

  private async attempt(key: string, session: OpenSession): Promise<RefreshedSession> {
    try {
      const refreshed = await this.refreshing.refresh(session);
      this.failures.delete(session.id);
      this.remember(key, refreshed.session);
      if (refreshed.received) this.events.emit('session.refreshed', eventOf(session));
      return refreshed;
    } catch (error) {
      if (error instanceof RefreshFailure && error.kind !== 'ended') this.pause(session.id, error);
      throw error;
    }
  }

  /** An old cookie that comes a moment later leads to the same successor. */
  private remember(key: string, session: OpenSession): void {
    const now = this.clock.now().getTime();
    for (const [old, { until }] of this.recent) {
      if (until > now && this.recent.size < MOST_REMEMBERED) break;
      this.recent.delete(old);
    }
    this.recent.set(key, { session, until: now + this.options.refresh.leeway * 1000 });
  }

  private pause(id: string, failure: RefreshFailure): void {
    const pause = Math.min((this.failures.get(id)?.pause ?? FIRST_PAUSE / 2) * 2, LONGEST_PAUSE);
    if (this.failures.size >= MOST_REMEMBERED) this.failures.delete(this.failures.keys().next().value ?? '');
    this.failures.set(id, { failure, pause, notBefore: this.clock.now().getTime() + Math.max(pause, (failure.retryAfter ?? 0) * 1000) });
    this.events.emit(failure.kind === 'misconfigured' ? 'oidc.misconfigured' : 'oidc.unavailable', { cause: failure.cause });
  }
}
