import { Inject, Injectable, Optional } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import { WebSessionStore, type WebSessionRecord } from '../../storage/web-session.store.js';
import { SESSION_CLOCK } from '../session-clock.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import { EndedSessions } from './ended-sessions.js';
import { SessionEndedError, withTokensOf, type OpenSession } from './open-session.js';
import { BEFORE_ANY, SessionCodec, type PresentedSession } from './session-codec.js';
import { sha256 } from '../../protocol/hashing.js';
import { newSessionId, sessionIdHash } from './session-ids.js';
import type { SessionContent, SessionData, SessionState, UserClaims } from './session-state.js';

/** How a presented session stands. `late`: the browser does not have the newest content yet. */
export type Standing =
  | { readonly session: OpenSession; readonly late: boolean }
  | { readonly session?: undefined; readonly reason: 'ended' | 'replaced' | 'replayed' | 'unknown' };

/** Name of the value that holds other claims of the person than the sign-in brought. */
export const USER = '';

/** Sessions as they are kept: in rows, in cookies with a ledger of rows, or in cookies alone. */
@Injectable()
export class SessionRecords {
  constructor(
    private readonly codec: SessionCodec,
    private readonly ended: EndedSessions,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
    @Optional() readonly store?: WebSessionStore,
  ) {}

  /** @throws StorageUnavailableError */
  async open(state: SessionState): Promise<OpenSession> {
    const id = newSessionId();
    const { idle, absolute } = this.options.session;
    const idleUntil = state.createdAt + idle * 1000;
    await this.store?.open({
      id: sessionIdHash(id),
      issuer: this.options.oidc.issuer,
      subject: state.user.sub,
      ...(state.sid !== undefined && { sid: state.sid }),
      sealed: this.codec.seal(id, state),
      createdAt: new Date(state.createdAt),
      idleUntil: new Date(idleUntil),
      expiresAt: new Date(state.createdAt + absolute * 1000),
    });
    return this.opened(id, { generation: 0, state, idleUntil }, {});
  }

  /** @throws StorageUnavailableError */
  async find({ id, content }: PresentedSession): Promise<Standing> {
    const now = this.clock.now();
    if (!this.store) return this.ofCookie(id, content, now);
    const record = await this.store.find(sessionIdHash(id), now);
    if (!record) return { reason: (await this.wasReplaced(id)) ? 'replaced' : 'ended' };
    if (content && record.generation <= content.generation) {
      if (!record.forgetAt) await this.acknowledge(id, record.generation);
      return { session: this.opened(id, { ...content, idleUntil: record.idleUntil.getTime() }, record.data), late: false };
    }
    if (content && record.forgetAt && record.forgetAt <= now) return { reason: 'replayed' };
    const session = this.ofRow(id, record);
    return session ? { session, late: content !== undefined && content.generation !== BEFORE_ANY } : { reason: 'unknown' };
  }

  /** As the row has it, whatever the browser has. Undefined: it has ended. @throws StorageUnavailableError */
  async newest(id: string): Promise<OpenSession | undefined> {
    const record = await this.store?.find(sessionIdHash(id), this.clock.now());
    return record && this.ofRow(id, record);
  }

  /** As it was, with the newest tokens. Undefined: it has ended. @throws StorageUnavailableError */
  async upToDate(session: OpenSession): Promise<OpenSession | undefined> {
    if (!this.store) return session; // nobody else changes it
    const record = await this.store.find(sessionIdHash(session.id), this.clock.now());
    const newest = record && record.generation > session.generation ? this.ofRow(session.id, record) : undefined;
    return newest ? withTokensOf(session, newest) : record && session;
  }

  /** Other claims from now on, of the same person. @throws StorageUnavailableError, SessionEndedError */
  replaceUser(session: OpenSession, user: UserClaims): Promise<OpenSession> {
    return this.keep(session, USER, { ...user, sub: session.state.user.sub });
  }

  /** Keeps a value of the application's, whatever else is written at the same time; undefined: takes it away. @throws as `replaceUser` */
  async keep(session: OpenSession, name: string, value: unknown): Promise<OpenSession> {
    const sealed = value === undefined ? undefined : this.codec.sealValue(session.id, name, value);
    if (this.store && !(await this.store.keep(sessionIdHash(session.id), name, sealed, this.clock.now())))
      throw new SessionEndedError('expired');
    const others = Object.entries(session.data).filter(([other]) => other !== name);
    return this.opened(session.id, session, Object.fromEntries(sealed === undefined ? others : [...others, [name, sealed]]));
  }

  /**
   * Another id takes the place of this one as soon as `replace` is done: whoever brings it yet, for a while, is late, and the browser has another cookie.
   * Other processes know beforehand: between the two they would take it for one that has ended, and the new cookie away.
   * @throws StorageUnavailableError, what `replace` throws
   */
  async replacing<T>(id: string, replace: () => Promise<T>): Promise<T> {
    await this.store?.firstSeen(placeOf(id), new Date(this.clock.now().getTime() + this.options.refresh.leeway * 1000));
    const result = await replace();
    this.ended.addReplaced(id);
    return result;
  }

  /** @throws StorageUnavailableError */
  async wasReplaced(id: string): Promise<boolean> {
    return this.ended.wasReplaced(id) || ((await this.store?.wasSeen(placeOf(id), this.clock.now())) ?? false);
  }

  value(session: OpenSession, name: string): unknown {
    return this.codec.openValue(session.id, name, session.data);
  }

  /** False: it had ended already, or nobody knows. @throws StorageUnavailableError */
  async end({ id }: Pick<OpenSession, 'id'>): Promise<boolean> {
    return (await this.store?.end(sessionIdHash(id))) ?? true;
  }

  private ofRow(id: string, { sealed, generation, idleUntil, data }: WebSessionRecord): OpenSession | undefined {
    const state = this.codec.open(id, sealed);
    return state && this.opened(id, { generation, state, idleUntil: idleUntil.getTime() }, data);
  }

  /** Where there is nothing else. */
  private ofCookie(id: string, content: PresentedSession['content'], now: Date): Standing {
    if (!content) return { reason: 'unknown' };
    if (this.ended.wasReplaced(id)) return { reason: 'replaced' };
    const end = Math.min(content.idleUntil, content.state.createdAt + this.options.session.absolute * 1000);
    return now.getTime() >= end || this.ended.has({ id, state: content.state })
      ? { reason: 'ended' }
      : { session: this.opened(id, content, content.data ?? {}), late: false };
  }

  private opened(id: string, { generation, state, idleUntil }: SessionContent, data: SessionData): OpenSession {
    const replaced = this.codec.openValue(id, USER, data) as UserClaims | undefined;
    return { id, generation, state, idleUntil, data, user: replaced ?? state.user };
  }

  private acknowledge(id: string, generation: number): Promise<void> | undefined {
    const forgetAt = new Date(this.clock.now().getTime() + this.options.refresh.leeway * 1000);
    return this.store?.acknowledge(sessionIdHash(id), generation, forgetAt);
  }
}

/** Not the id's own hash: the name of something that happened to it. */
const placeOf = (id: string): Buffer => sha256(`replaced ${sessionIdHash(id).toString('base64url')}`);
