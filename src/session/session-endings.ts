import { Inject, Injectable } from '@nestjs/common';
import type { WebSessionsOf } from '../storage/web-session.store.js';
import { OidcClient } from './provider/oidc-client.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from './session.options.js';
import { SessionEvents, type EndReason, type SessionEventMap } from './session-events.js';
import { EndedSessions, type SessionsOf } from './state/ended-sessions.js';
import { eventOf, type OpenSession } from './state/open-session.js';
import { SessionCodec } from './state/session-codec.js';
import type { EndedThere } from './sign-out/logout-tokens.js';
import { SessionRecords } from './state/session-records.js';

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
    private readonly ended: EndedSessions,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
  ) {}

  /**
   * Undefined: worth nothing, and the same to the outside whatever is wrong with it. `replaced`: the same, but the browser has another cookie by now.
   * @throws StorageUnavailableError
   */
  async find(cookie: string | undefined): Promise<FoundSession | 'replaced' | undefined> {
    const presented = cookie === undefined ? undefined : this.codec.readCookie(cookie);
    if (!presented) return this.reject('malformed');
    const standing = await this.records.find(presented);
    if (standing.session) return this.found(standing, presented.content?.outdated === true);
    if (standing.reason === 'replayed' && presented.content) await this.replayed({ ...presented, ...presented.content });
    this.reject(standing.reason);
    return standing.reason === 'replaced' ? 'replaced' : undefined;
  }

  /** @throws StorageUnavailableError */
  async end(session: Pick<OpenSession, 'id' | 'state'>, reason: EndReason, detail?: string): Promise<void> {
    this.ended.add(session.id);
    if (!(await this.records.end(session))) return;
    this.events.emit('session.ended', { ...eventOf(session), reason, ...(detail !== undefined && { detail }) });
  }

  /** Signs out: ends the session, and what the refresh token could still bring. @throws StorageUnavailableError */
  async signOut(session: OpenSession, detail?: string): Promise<void> {
    await this.end(session, 'logout', detail);
    await this.revoke(session);
  }

  /**
   * Ends what else this browser began at the same session of the provider: tabs that came back from there at once leave sessions whose cookies were
   * overwritten before anybody saw them. OpenID Connect Back-Channel Logout 1.0 §2.1: a `sid` is of one browser. @throws StorageUnavailableError
   */
  async endOthersOf({ state: { sid, user } }: OpenSession, now: Date): Promise<void> {
    if (sid === undefined) return;
    const createdBefore = new Date(now.getTime() + 1);
    // What is stored is there already, whatever the clock of the process said that stored it.
    const storedBefore = new Date(now.getTime() + this.options.session.absolute * 1000);
    await this.endAll({ sid, subject: user.sub, createdBefore }, 'logout', storedBefore);
  }

  /** Makes the refresh token worthless. The provider may be away: nobody waits for it for long, and it is no error. */
  async revoke({ state }: OpenSession): Promise<void> {
    const { refreshToken } = state.tokens;
    if (refreshToken === undefined) return;
    const limit = new Promise<void>((resolve) => setTimeout(resolve, 1000 * Math.min(2, this.options.refresh.timeout)).unref());
    await Promise.race([this.provider.revoke(refreshToken).catch(() => undefined), limit]);
  }

  /** Sessions that have ended at the provider; those that began after it said so are others. @throws StorageUnavailableError */
  async endedThere({ issuedAt, toldAt, ...whose }: EndedThere): Promise<void> {
    const before = issuedAt.getTime() + ROUNDED_MS;
    // Whoever signs in here right after is somebody new, however the clocks differ.
    const createdBefore = new Date(Math.min(before, toldAt.getTime() + 1));
    await this.endAll({ ...whose, createdBefore }, 'backchannel', new Date(before));
  }

  /**
   * Ends sessions in every process. How many; without a database nobody knows, and it is this process alone.
   * @param storedBefore what counts in the database, where clocks of several processes have told the time
   * @throws TypeError: nobody is named; StorageUnavailableError
   */
  async endAll({ subject, sid, createdBefore }: SessionsOf, reason: EndReason, storedBefore = createdBefore): Promise<number> {
    const whose = { ...(sid !== undefined && { sid }), ...(subject !== undefined && { subject }) };
    if (sid === undefined && subject === undefined) throw new TypeError('Whose sessions end?');
    this.ended.addThere({ ...whose, createdBefore });
    const which = { ...whose, issuer: this.options.oidc.issuer, createdBefore: storedBefore } as WebSessionsOf;
    const ids = (await this.records.store?.endAll(which)) ?? [];
    for (const id of ids) this.events.emit('session.ended', { session: id.toString('base64url'), subject: subject ?? '', reason });
    return ids.length;
  }

  private found({ session, late }: { readonly session: OpenSession; readonly late: boolean }, outdated: boolean): FoundSession {
    if (late) this.events.emit('session.late', eventOf(session));
    return { session, renew: late || outdated };
  }

  private async replayed(session: Pick<OpenSession, 'id' | 'state'>): Promise<void> {
    this.events.emit('session.replayed', eventOf(session));
    if (this.options.refresh.onReplay === 'revoke') await this.end(session, 'replay');
  }

  /** @throws StorageUnavailableError */
  wasReplaced({ id }: OpenSession): Promise<boolean> {
    return this.records.wasReplaced(id);
  }

  private reject(reason: SessionEventMap['session.rejected'][0]['reason']): undefined {
    this.events.emit('session.rejected', { reason });
  }
}
