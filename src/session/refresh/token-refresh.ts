import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import type { WebSessionStore } from '../../storage/web-session.store.js';
import { OidcClient, type ReceivedTokens } from '../provider/oidc-client.js';
import { RefreshFailure } from '../provider/refresh-failure.js';
import { SESSION_CLOCK } from '../session-clock.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import { SessionEndedError, type OpenSession } from '../state/open-session.js';
import { SessionCodec } from '../state/session-codec.js';
import { sessionIdHash } from '../state/session-ids.js';
import { SessionRecords } from '../state/session-records.js';

export interface RefreshedSession {
  readonly session: OpenSession;
  /** What the provider answered; undefined: another process had asked it. */
  readonly received?: ReceivedTokens;
}

/** Milliseconds between two looks at a refresh that another process makes. */
const LOOK_EVERY = 50;
/** Milliseconds that a lease outlives the call it is taken for: until then its answer is stored, or never. */
const LEASE_MARGIN = 2_000;

/** One refresh of a session's generation, however many ask for it, in however many processes that share the database. */
@Injectable()
export class TokenRefresh {
  constructor(
    private readonly provider: OidcClient,
    private readonly records: SessionRecords,
    private readonly codec: SessionCodec,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws RefreshFailure; SessionEndedError: it ended meanwhile; StorageUnavailableError */
  async refresh(session: OpenSession): Promise<RefreshedSession> {
    const { store } = this.records;
    if (!store) return this.next(session, await this.provider.refresh(session.state.tokens, session.state.user.sub));
    const holder = randomUUID();
    const lease = this.options.refresh.timeout * 1000 + LEASE_MARGIN;
    for (const start = performance.now(); performance.now() - start < 2 * lease; await sleep(LOOK_EVERY)) {
      const newer = await this.newerThan(session);
      if (newer) return { session: newer };
      const now = this.clock.now();
      const until = new Date(now.getTime() + lease);
      if (await store.lease(sessionIdHash(session.id), session.generation, holder, now, until))
        return this.asHolder(store, session, holder);
    }
    throw new RefreshFailure('unavailable', new Error('Another process has not come to an end with it.'));
  }

  private async asHolder(store: WebSessionStore, session: OpenSession, holder: string): Promise<RefreshedSession> {
    const id = sessionIdHash(session.id);
    try {
      const refreshed = this.next(session, await this.provider.refresh(session.state.tokens, session.state.user.sub));
      const sealed = this.codec.seal(session.id, refreshed.session.state);
      if (await store.advance(id, session.generation, holder, sealed, this.clock.now())) return refreshed;
      // It took too long, or the session was ended meanwhile: then nobody may have what was received.
      const { refreshToken } = refreshed.session.state.tokens;
      if (refreshToken !== undefined) await this.provider.revoke(refreshToken).catch(() => undefined);
    } catch (error) {
      await store.release(id, holder);
      if (!(error instanceof RefreshFailure && error.kind === 'ended')) throw error;
      // The one whose place was taken over may have been served after all.
      const newer = await this.newerThan(session);
      if (newer) return { session: newer };
      throw error;
    }
    const newer = await this.newerThan(session);
    if (!newer) throw new SessionEndedError('expired');
    return { session: newer };
  }

  /** @throws SessionEndedError */
  private async newerThan({ id, generation }: OpenSession): Promise<OpenSession | undefined> {
    const now = this.clock.now();
    const record = await this.records.store?.find(sessionIdHash(id), now);
    if (!record) throw new SessionEndedError('expired');
    if (record.generation <= generation) return undefined;
    const newest = await this.records.newest(id);
    if (!newest) throw new SessionEndedError('replay');
    return newest;
  }

  private next({ state, generation, ...session }: OpenSession, received: ReceivedTokens): RefreshedSession {
    return { received, session: { ...session, generation: generation + 1, state: { ...state, tokens: received.tokens } } };
  }
}
