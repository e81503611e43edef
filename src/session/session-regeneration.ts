import { Injectable } from '@nestjs/common';
import { Lease, SessionLeases } from './refresh/session-leases.js';
import { SessionEvents } from './session-events.js';
import { eventOf, SessionEndedError, type OpenSession } from './state/open-session.js';
import { SessionCodec } from './state/session-codec.js';
import { newSessionId, sessionIdHash } from './state/session-ids.js';
import { SessionRecords } from './state/session-records.js';

/** How often the application may write to the session meanwhile. */
const MOST_TRIES = 5;

/** Gives sessions another id: what somebody knew of the old one is worth nothing then. */
@Injectable()
export class SessionRegeneration {
  constructor(
    private readonly leases: SessionLeases,
    private readonly codec: SessionCodec,
    private readonly records: SessionRecords,
    private readonly events: SessionEvents,
  ) {}

  /** The same session under its new id. @throws SessionEndedError, RefreshFailure: others are busy with it; StorageUnavailableError */
  async regenerate(session: OpenSession): Promise<OpenSession> {
    const renamed = await this.records.replacing(session.id, () => this.renamed(session));
    this.events.emit('session.regenerated', { ...eventOf(renamed), before: eventOf(session).session });
    return renamed;
  }

  private async renamed(session: OpenSession): Promise<OpenSession> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      // A refresh that is under way would not find it under its new id.
      const lease = await this.leases.take(session, () => false);
      if (!(lease instanceof Lease)) return this.under(newSessionId(), session);
      const newest = await this.leases.newest(session.id);
      const renamed = this.under(newSessionId(), newest);
      const sealed = this.codec.seal(renamed.id, renamed.state);
      if (await lease.rename({ id: sessionIdHash(renamed.id), sealed, data: renamed.data, dataBefore: newest.data })) return renamed;
      await lease.release();
    }
    throw new SessionEndedError('expired');
  }

  private under(id: string, session: OpenSession): OpenSession {
    return { ...session, id, data: this.codec.resealed(session.data, session.id, id) };
  }
}
