import { Inject, Injectable, Optional } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import { WebSessionStore, type WebSessionRecord } from '../../storage/web-session.store.js';
import { SESSION_CLOCK } from '../session-clock.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import type { OpenSession } from './open-session.js';
import { SessionCodec, type PresentedSession } from './session-codec.js';
import { newSessionId, sessionIdHash } from './session-ids.js';
import type { SessionState, UserClaims } from './session-state.js';

/** How a presented session stands. `late`: the browser does not have the newest content yet. */
export type Standing =
  | { readonly session: OpenSession; readonly late: boolean }
  | { readonly session?: undefined; readonly reason: 'ended' | 'replayed' | 'unknown' };

/** Sessions as they are kept: in rows, in cookies with a ledger of rows, or in cookies alone. */
@Injectable()
export class SessionRecords {
  constructor(
    private readonly codec: SessionCodec,
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
      // Until the browser shows that it has it: its cookies may not hold it.
      sealed: this.codec.seal(id, state),
      createdAt: new Date(state.createdAt),
      idleUntil: new Date(idleUntil),
      expiresAt: new Date(state.createdAt + absolute * 1000),
    });
    return { id, generation: 0, state, idleUntil };
  }

  /** @throws StorageUnavailableError */
  async find(presented: PresentedSession): Promise<Standing> {
    const now = this.clock.now();
    const record = await this.store?.find(sessionIdHash(presented.id), now);
    if (this.store && !record) return { reason: 'ended' };
    const { content } = presented;
    if (!content) return this.ofRow(presented.id, record);
    if (!record) return this.isOver(content, now) ? { reason: 'ended' } : { session: { ...content, id: presented.id }, late: false };
    const idleUntil = record.idleUntil.getTime();
    if (record.generation <= content.generation) {
      if (record.sealed !== undefined) await this.acknowledge(presented.id, record.generation);
      return { session: { ...content, id: presented.id, idleUntil }, late: false };
    }
    const newest = this.ofRow(presented.id, record);
    return newest.session ? { session: newest.session, late: true } : { reason: 'replayed' };
  }

  /** The newest content, if the store has it. @throws StorageUnavailableError */
  async newest(id: string): Promise<OpenSession | undefined> {
    return this.ofRow(id, await this.store?.find(sessionIdHash(id), this.clock.now())).session;
  }

  /** Keeps other claims of the person, whatever is written at the same time. @throws StorageUnavailableError */
  async replaceUser(session: OpenSession, user: UserClaims): Promise<OpenSession> {
    const id = sessionIdHash(session.id);
    for (let written = this.options.store !== 'postgres' || !this.store; !written;) {
      const record = await this.store?.find(id, this.clock.now());
      const { session: newest } = this.ofRow(session.id, record);
      if (!record || !newest) break;
      const sealed = this.codec.seal(session.id, { ...newest.state, user });
      written = (await this.store?.write(id, record.version, sealed, this.clock.now())) ?? true;
    }
    return { ...session, state: { ...session.state, user } };
  }

  /** False: it had ended already, or nobody knows. @throws StorageUnavailableError */
  async end({ id }: OpenSession): Promise<boolean> {
    return (await this.store?.end(sessionIdHash(id))) ?? true;
  }

  private ofRow(id: string, record: WebSessionRecord | undefined): Standing {
    const state = record?.sealed === undefined ? undefined : this.codec.open(id, record.sealed);
    return record && state
      ? { session: { id, generation: record.generation, state, idleUntil: record.idleUntil.getTime() }, late: false }
      : { reason: 'unknown' };
  }

  /** Only what a cookie has, and nobody else. */
  private isOver({ idleUntil, state }: OpenSession | NonNullable<PresentedSession['content']>, now: Date): boolean {
    return now.getTime() >= Math.min(idleUntil, state.createdAt + this.options.session.absolute * 1000);
  }

  private acknowledge(id: string, generation: number): Promise<void> | undefined {
    const forgetAt = new Date(this.clock.now().getTime() + this.options.refresh.leeway * 1000);
    return this.store?.acknowledge(sessionIdHash(id), generation, forgetAt);
  }
}
