import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import { RefreshFailure } from '../provider/refresh-failure.js';
import { SESSION_CLOCK } from '../session-clock.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import type { OpenSession } from '../state/open-session.js';
import { tokenOf, type WantedToken } from '../state/session-state.js';
import { SharedRefresh } from './shared-refresh.js';
import { TokenFreshness } from './token-freshness.js';

/** Milliseconds that requests wait for a new token while the old one is still good, from the first one's on. */
const PATIENCE = 500;

export interface FreshnessWanted {
  readonly wanted: WantedToken;
  /** Also if it is not due. */
  readonly force: boolean;
  /** False: what a refresh brings would be lost, since no cookie can be sent any more and there is no database. */
  readonly canKeep: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** When access tokens are replaced, and what is done while that cannot be. */
@Injectable()
export class FreshTokens {
  constructor(
    private readonly refreshing: SharedRefresh,
    private readonly freshness: TokenFreshness,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * The session with an access token of the wanted kind that is good. While the provider is away or slow, the old one serves to its end.
   * @throws RefreshFailure: there is none; SessionEndedError; StorageUnavailableError; what the signal was aborted with
   */
  async of(session: OpenSession, { wanted, force, canKeep, signal }: FreshnessWanted): Promise<OpenSession> {
    const token = tokenOf(session.state.tokens, wanted);
    if (token && !force && !this.freshness.isDue(token)) return session;
    const serves = token !== undefined && !force && this.now < token.expiresAt;
    if (!canKeep) {
      if (serves) return session;
      throw new RefreshFailure('unavailable', new Error('The answer has begun, and there is no database: new tokens would be lost.'));
    }
    if (session.state.tokens.refreshToken === undefined && this.now < session.state.tokens.expiresAt) {
      if (serves) return session; // to its end, and the session's
      throw new RefreshFailure('unavailable', new Error('There is no refresh token.'));
    }
    const patience = Math.max(0, PATIENCE - this.refreshing.elapsed(session, wanted));
    const refreshed = this.refreshing.refresh(session, wanted, signal);
    return serves ? this.orAsItIs(session, refreshed, patience) : refreshed;
  }

  /** As `of`, for a request as such: within `outageGrace` it goes on without an access token. */
  async forRequest(session: OpenSession, wanted: Omit<FreshnessWanted, 'wanted' | 'force'>): Promise<OpenSession> {
    if (!this.options.refreshes) return session;
    try {
      return await this.of(session, { ...wanted, wanted: {}, force: false });
    } catch (error) {
      const graceUntil = session.state.tokens.expiresAt + this.options.refresh.outageGrace * 1000;
      if (error instanceof RefreshFailure && this.now < graceUntil) return session;
      throw error;
    }
  }

  /** The refresh goes on behind the request that does not wait for it. */
  private async orAsItIs(session: OpenSession, refreshed: Promise<OpenSession>, milliseconds: number): Promise<OpenSession> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<OpenSession>((resolve) => (timer = setTimeout(() => resolve(session), milliseconds)));
    try {
      return await Promise.race([refreshed, patience]);
    } catch (error) {
      if (error instanceof RefreshFailure) return session;
      throw error;
    } finally {
      clearTimeout(timer);
      refreshed.catch(() => undefined);
    }
  }

  /** Milliseconds since the epoch. */
  get now(): number {
    return this.clock.now().getTime();
  }
}
