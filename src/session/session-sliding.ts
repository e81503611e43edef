import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../protocol/clock.js';
import type { RequestSession } from './request-session.js';
import { SESSION_CLOCK } from './session-clock.js';
import { SessionEvents } from './session-events.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from './session.options.js';
import { eventOf } from './state/open-session.js';
import { sessionIdHash } from './state/session-ids.js';
import { SessionRecords } from './state/session-records.js';

/** Sessions that are used live on, to their absolute end. */
@Injectable()
export class SessionSliding {
  constructor(
    private readonly records: SessionRecords,
    private readonly events: SessionEvents,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
  ) {}

  /** The idle time begins anew, but not with each request: only once half of it is over. @throws StorageUnavailableError */
  async slide(session: RequestSession): Promise<void> {
    if (session.current.idleUntil - this.clock.now().getTime() <= (this.options.session.idle * 1000) / 2) await this.renew(session);
  }

  /** @throws StorageUnavailableError */
  async renew(session: RequestSession): Promise<void> {
    const { current } = session;
    const idleUntil = this.clock.now().getTime() + this.options.session.idle * 1000;
    await this.records.store?.touch(sessionIdHash(current.id), new Date(idleUntil));
    session.change({ ...current, idleUntil });
    this.events.emit('session.renewed', eventOf(current));
  }
}
