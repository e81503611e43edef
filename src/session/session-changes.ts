import { Injectable } from '@nestjs/common';
import { SessionCookie } from './cookie/session-cookie.js';
import { SessionRegeneration } from './session-regeneration.js';
import { ChangesUnderWay } from './state/changes-under-way.js';
import type { OpenSession } from './state/open-session.js';
import { SessionRecords, USER } from './state/session-records.js';
import { SessionTooLargeError } from './state/session-too-large.error.js';
import type { UserClaims } from './state/session-state.js';

/** What an application keeps in a session, and changes about it. */
@Injectable()
export class SessionChanges {
  constructor(
    private readonly records: SessionRecords,
    private readonly regeneration: SessionRegeneration,
    private readonly cookie: SessionCookie,
    private readonly underWay: ChangesUnderWay,
  ) {}

  /** Whether the next answer must bring what was kept to the browser. */
  get needCookie(): boolean {
    return this.records.store === undefined;
  }

  value(session: OpenSession, name: string): unknown {
    return this.records.value(session, name);
  }

  /** @throws SessionTooLargeError: there is no database, and the cookie is full; SessionEndedError, StorageUnavailableError */
  async keep(session: OpenSession, name: string, value: unknown): Promise<OpenSession> {
    return this.held(await this.records.keep(session, name, value), name);
  }

  /** @throws as `keep` */
  async replaceUser(session: OpenSession, claims: UserClaims): Promise<OpenSession> {
    return this.held(await this.records.replaceUser(session, claims), USER);
  }

  /** @throws SessionEndedError, RefreshFailure, StorageUnavailableError */
  regenerate(session: OpenSession): Promise<OpenSession> {
    return this.regeneration.regenerate(session);
  }

  private held(session: OpenSession, name: string): OpenSession {
    if (!this.needCookie) return session;
    if (!this.cookie.holds(this.underWay.appliedTo(session, name))) throw new SessionTooLargeError();
    this.underWay.kept(session, name);
    return session;
  }
}
