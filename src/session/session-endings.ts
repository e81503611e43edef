import { Inject, Injectable } from '@nestjs/common';
import { OidcClient } from './provider/oidc-client.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from './session.options.js';
import { SessionEvents, type EndReason, type SessionEventMap } from './session-events.js';
import { eventOf, type OpenSession } from './state/open-session.js';
import { SessionCodec } from './state/session-codec.js';
import { sessionIdHash } from './state/session-ids.js';
import type { EndedThere } from './sign-out/logout-tokens.js';
import { SessionRecords } from './state/session-records.js';
import type { UserClaims } from './state/session-state.js';

export interface FoundSession {
  readonly session: OpenSession;
  /** The browser does not have the newest content, or has it by an old key. */
  readonly renew: boolean;
}

/** A logout token tells its time in whole seconds, by another clock. */
const ROUNDED_MS = 5_000;

/** Finds what a cookie stands for, and ends it. */
@Injectable()
export class SessionEndings {
  constructor(
    private readonly codec: SessionCodec,
    private readonly records: SessionRecords,
    private readonly provider: OidcClient,
    private readonly events: SessionEvents,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
  ) {}

  /** Undefined: worth nothing, and the same to the outside whatever is wrong with it. @throws StorageUnavailableError */
  async find(cookie: string | undefined): Promise<FoundSession | undefined> {
    const presented = cookie === undefined ? undefined : this.codec.readCookie(cookie);
    if (!presented) return this.reject('malformed');
    const standing = await this.records.find(presented);
    if (standing.session) return { session: standing.session, renew: standing.late || presented.content?.outdated === true };
    if (standing.reason === 'replayed' && presented.content)
      this.events.emit('session.replayed', eventOf({ ...presented, ...presented.content }));
    return this.reject(standing.reason);
  }

  /** @throws StorageUnavailableError */
  async end(session: OpenSession, reason: EndReason, detail?: string): Promise<void> {
    if (!(await this.records.end(session))) return;
    this.events.emit('session.ended', { ...eventOf(session), reason, ...(detail !== undefined && { detail }) });
  }

  /** Signs out: ends the session, and what the refresh token could still bring. @throws StorageUnavailableError */
  async signOut(session: OpenSession): Promise<void> {
    await this.end(session, 'logout');
    const { refreshToken } = session.state.tokens;
    if (refreshToken === undefined) return;
    // The provider may be away; the person is signed out here all the same.
    const limit = new Promise<void>((resolve) => setTimeout(resolve, 1000 * Math.min(2, this.options.refresh.timeout)).unref());
    await Promise.race([this.provider.revoke(refreshToken).catch(() => undefined), limit]);
  }

  /** Sessions that have ended at the provider; those that began after it said so are others. @throws StorageUnavailableError */
  async endedThere({ subject, sid, issuedAt }: EndedThere): Promise<void> {
    const which = { issuer: this.options.oidc.issuer, createdBefore: new Date(issuedAt.getTime() + ROUNDED_MS) };
    if (sid !== undefined) await this.records.store?.endAll({ ...which, sid, ...(subject !== undefined && { subject }) });
    else if (subject !== undefined) await this.records.store?.endAll({ ...which, subject });
    this.events.emit('session.ended', { session: '', subject: subject ?? '', reason: 'backchannel' });
  }

  /** @throws StorageUnavailableError */
  replaceUser(session: OpenSession, claims: UserClaims): Promise<OpenSession> {
    return this.records.replaceUser(session, { ...claims, sub: session.state.user.sub });
  }

  /** @throws StorageUnavailableError */
  async touch({ id, idleUntil }: OpenSession): Promise<void> {
    await this.records.store?.touch(sessionIdHash(id), new Date(idleUntil));
  }

  private reject(reason: SessionEventMap['session.rejected'][0]['reason']): undefined {
    this.events.emit('session.rejected', { reason });
  }
}
