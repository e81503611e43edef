import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { Clock } from '../protocol/clock.js';
import type { Carrier } from './http/carrier.js';
import type { RequestSession } from './request-session.js';
import { SESSION_CLOCK } from './session-clock.js';
import { EndedSessions } from './state/ended-sessions.js';
import { sessionIdHash } from './state/session-ids.js';
import { SessionRecords } from './state/session-records.js';

/** Milliseconds between two looks at the sessions of what is open for longer than that. */
const PERIOD = 2_000;
/** Sessions that are asked for in one statement. */
const BATCH = 1_000;

interface Watched {
  readonly session: RequestSession;
  readonly carrier: Carrier;
  readonly since: number;
}

/** Closes sockets and streams whose session has ended, wherever that was. Most answers are over before anybody looks. */
@Injectable()
export class SessionWatch implements BeforeApplicationShutdown {
  private readonly open = new Set<Watched>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly records: SessionRecords,
    private readonly ended: EndedSessions,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
  ) {}

  add(session: RequestSession, carrier: Carrier): void {
    const watched = { session, carrier, since: performance.now() };
    this.open.add(watched);
    carrier.onClose(() => this.open.delete(watched));
    this.timer ??= setInterval(() => void this.look(), PERIOD).unref();
  }

  beforeApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    const before = performance.now() - PERIOD;
    const watched = [...this.open].filter(({ since }) => since <= before);
    for (let at = 0; at < watched.length; at += BATCH) {
      const batch = watched.slice(at, at + BATCH);
      const live = await this.liveOf(batch);
      for (const one of batch) if (!live(one.session)) this.end(one);
    }
  }

  private end({ session, carrier }: Watched): void {
    session.hasEnded();
    // Whoever listens to that may have a last word.
    if (carrier.isOpen()) setImmediate(() => carrier.close());
  }

  private async liveOf(watched: readonly Watched[]): Promise<(session: RequestSession) => boolean> {
    const now = this.clock.now();
    const { store } = this.records;
    if (!store) {
      // Whether it was used meanwhile, only the browser's cookie says.
      return ({ current, expiresAt }) => !this.ended.has(current) && now < expiresAt;
    }
    try {
      const ids = await store.live(
        watched.map(({ session }) => sessionIdHash(session.current.id)),
        now,
      );
      const live = new Set(ids.map((id) => id.toString('base64url')));
      return ({ id }) => live.has(id);
    } catch {
      return () => true; // nobody knows; the next look may
    }
  }
}
