import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import type { RenamedWebSession, WebSessionStore } from '../../storage/web-session.store.js';
import { RefreshFailure } from '../provider/refresh-failure.js';
import { SESSION_CLOCK } from '../session-clock.js';
import { SessionEvents } from '../session-events.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import { SessionEndedError, type OpenSession } from '../state/open-session.js';
import { sessionIdHash } from '../state/session-ids.js';
import { SessionRecords } from '../state/session-records.js';

/** Milliseconds between two looks at what another process does. */
const LOOK_EVERY = 50;
/** Milliseconds that a lease outlives the call it is taken for: until then its answer is stored, or never. */
const MARGIN = 2_000;
/** How often a lease may have changed hands, or been renewed, before nobody waits any longer. */
const PATIENCE = 3;

/** The right to change a session's tokens or id: one holder at a time, among all processes that share the database. */
@Injectable()
export class SessionLeases {
  constructor(
    private readonly records: SessionRecords,
    private readonly events: SessionEvents,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * A lease on the session as it is now; or that session itself, if it is what the caller was after and somebody else has brought it. Undefined: there is
   * no database.
   * @throws SessionEndedError, StorageUnavailableError; RefreshFailure: others have held it for too long
   */
  async take(session: OpenSession, isEnough: (newest: OpenSession) => boolean): Promise<Lease | OpenSession | undefined> {
    const { store } = this.records;
    if (!store) return undefined;
    const holder = randomUUID();
    const start = performance.now();
    for (let known = session; performance.now() - start < PATIENCE * this.duration; await sleep(LOOK_EVERY)) {
      const lease = new Lease(store, known, holder, this.clock, this.duration);
      if (await lease.renew()) return lease;
      if (known === session) this.events.emit('refresh.waits');
      known = await this.newest(session.id);
      if (isEnough(known)) return known;
    }
    throw new RefreshFailure('unavailable', new Error('Others have not come to an end with the session.'));
  }

  /** @throws SessionEndedError, StorageUnavailableError */
  async newest(id: string): Promise<OpenSession> {
    const newest = await this.records.newest(id);
    if (!newest) throw new SessionEndedError('expired');
    return newest;
  }

  private get duration(): number {
    return this.options.refresh.timeout * 1000 + MARGIN;
  }
}

/** Every method: @throws StorageUnavailableError */
export class Lease {
  private readonly id: Buffer;

  constructor(
    private readonly store: WebSessionStore,
    readonly session: OpenSession,
    private readonly holder: string,
    private readonly clock: Clock,
    private readonly duration: number,
  ) {
    this.id = sessionIdHash(session.id);
  }

  /** Takes it, or has it for as long again. False: it is somebody else's, or the session is not what it was. */
  renew(): Promise<boolean> {
    const now = this.clock.now();
    return this.store.lease(this.id, this.session.generation, this.holder, now, new Date(now.getTime() + this.duration));
  }

  /** Stores the next generation, and gives the lease back. False: somebody has taken over, or the session has ended. */
  advance(sealed: string): Promise<boolean> {
    return this.store.advance(this.id, this.session.generation, this.holder, sealed, this.clock.now());
  }

  /** Stores the session under another id, and gives the lease back. False: as `advance`, or the data has changed. */
  rename(renamed: RenamedWebSession): Promise<boolean> {
    return this.store.rename(this.id, this.holder, renamed, this.clock.now());
  }

  release(): Promise<void> {
    return this.store.release(this.id, this.holder);
  }
}
