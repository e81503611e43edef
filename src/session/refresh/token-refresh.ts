import { Injectable } from '@nestjs/common';
import { OidcClient, type ReceivedTokens } from '../provider/oidc-client.js';
import { RefreshFailure } from '../provider/refresh-failure.js';
import { EndedSessions } from '../state/ended-sessions.js';
import { SessionEndedError, type OpenSession } from '../state/open-session.js';
import { SessionCodec } from '../state/session-codec.js';
import { withReceived, type WantedToken } from '../state/session-state.js';
import { NobodyWaitsError } from './nobody-waits.error.js';
import { Lease, SessionLeases } from './session-leases.js';
import { TokenFreshness } from './token-freshness.js';

export interface RefreshedSession {
  readonly session: OpenSession;
  /** What the provider answered; undefined: another process had asked it. */
  readonly received?: ReceivedTokens;
}

/** A refresh that somebody asked for. */
export interface WantedRefresh {
  readonly session: OpenSession;
  readonly wanted: WantedToken;
  /** False: everybody who waited for it is gone. */
  isAwaited(): boolean;
}

/** One refresh of a session's generation, however many ask for it, in however many processes that share the database. */
@Injectable()
export class TokenRefresh {
  constructor(
    private readonly provider: OidcClient,
    private readonly leases: SessionLeases,
    private readonly codec: SessionCodec,
    private readonly ended: EndedSessions,
    private readonly freshness: TokenFreshness,
  ) {}

  /** @throws RefreshFailure; NobodyWaitsError; SessionEndedError: it ended meanwhile; StorageUnavailableError */
  async refresh(refresh: WantedRefresh): Promise<RefreshedSession> {
    const got = await this.leases.take(refresh.session, (newest) => this.isAnswer(newest, refresh));
    if (got === undefined) return this.alone(refresh);
    if (!(got instanceof Lease)) return { session: got };
    // Another token may have been brought while the lease was waited for.
    if (this.isAnswer(got.session, refresh)) return got.release().then(() => ({ session: got.session }));
    return this.asHolder(got, refresh);
  }

  private async asHolder(lease: Lease, refresh: WantedRefresh): Promise<RefreshedSession> {
    try {
      const refreshed = next(lease.session, refresh, await this.ask({ ...refresh, session: lease.session }, () => lease.renew()));
      if (await lease.advance(this.codec.seal(lease.session.id, refreshed.session.state))) return refreshed;
      return { session: await this.insteadOf(refreshed.session) };
    } catch (error) {
      await lease.release();
      if (!(error instanceof RefreshFailure)) throw error;
      // The one whose place was taken over, or who took it, may have been served after all.
      const newest = await this.leases.newest(lease.session.id);
      if (newest.generation > lease.session.generation) return { session: newest };
      throw error;
    }
  }

  /** What counts where one's own refresh came too late. What that brought may be what another was given, or of the same family. @throws SessionEndedError */
  private async insteadOf(late: OpenSession): Promise<OpenSession> {
    try {
      return await this.leases.newest(late.id);
    } catch (error) {
      // Nobody may have it, unless the session goes on under another id.
      if (error instanceof SessionEndedError && !this.ended.wasReplaced(late.id)) await this.discard(late);
      throw error;
    }
  }

  /** Where there is no database. */
  private async alone(refresh: WantedRefresh): Promise<RefreshedSession> {
    const refreshed = next(refresh.session, refresh, await this.ask(refresh, () => Promise.resolve(true)));
    if (!this.ended.has(refreshed.session)) return refreshed;
    await this.discard(refreshed.session);
    throw new SessionEndedError('logout');
  }

  /** Once more, if nobody knows what became of the first call: providers take a token again for a moment, since they cannot know either. */
  private async ask({ session, wanted, isAwaited }: WantedRefresh, mayRepeat: () => Promise<boolean>): Promise<ReceivedTokens> {
    if (!isAwaited()) throw new NobodyWaitsError();
    const { user, tokens } = session.state;
    try {
      return await this.provider.refresh(tokens, user.sub, wanted);
    } catch (error) {
      if (!(error instanceof RefreshFailure && error.ambiguous) || !(await mayRepeat())) throw error;
    }
    try {
      return await this.provider.refresh(tokens, user.sub, wanted);
    } catch (error) {
      if (error instanceof RefreshFailure && error.kind === 'ended') throw new RefreshFailure('lost', error.cause);
      throw error;
    }
  }

  private isAnswer(newest: OpenSession, { session, wanted }: WantedRefresh): boolean {
    return this.freshness.brings(newest, session, wanted);
  }

  private async discard({ state }: OpenSession): Promise<void> {
    const { refreshToken } = state.tokens;
    if (refreshToken !== undefined) await this.provider.revoke(refreshToken).catch(() => undefined);
  }
}

export const isFinal = (error: unknown): error is RefreshFailure =>
  error instanceof RefreshFailure && (error.kind === 'ended' || error.kind === 'lost');

function next({ state, generation, ...session }: OpenSession, { wanted }: WantedRefresh, received: ReceivedTokens): RefreshedSession {
  const tokens = withReceived(state.tokens, wanted, received.tokens);
  return { received, session: { ...session, generation: generation + 1, state: { ...state, tokens } } };
}
