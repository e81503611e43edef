import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import { SESSION_CLOCK } from '../session-clock.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import { EndedSessions } from '../state/ended-sessions.js';
import type { OpenSession } from '../state/open-session.js';
import { SessionCodec } from '../state/session-codec.js';
import { SessionRecords } from '../state/session-records.js';
import { SessionTooLargeError } from '../state/session-too-large.error.js';
import { SetCookies, type ReceivedCookie } from './set-cookies.js';

/** The cookie that a session is known by. */
@Injectable()
export class SessionCookie {
  private readonly logger = new Logger('Sessions');

  constructor(
    private readonly cookies: SetCookies,
    private readonly codec: SessionCodec,
    private readonly records: SessionRecords,
    private readonly ended: EndedSessions,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
  ) {}

  receive(header: string | undefined): ReceivedCookie {
    return this.cookies.receive(this.options.cookie.name, header);
  }

  /** Set-Cookie lines. Undefined: a browser's cookies do not hold it, and there is no database that could. @param stale pieces that the browser has */
  set(open: OpenSession, stale: readonly string[]): readonly string[] | undefined {
    const { cookie, session } = this.options;
    const end = Math.min(open.idleUntil, open.state.createdAt + session.absolute * 1000);
    const seconds = Math.max(0, Math.floor((end - this.clock.now().getTime()) / 1000));
    const set = (value: string) => this.cookies.set(cookie.name, value, seconds, stale);
    return set(this.codec.cookieValue(open.id, open)) ?? (this.records.store && set(this.codec.leadingToRow(open)));
  }

  /**
   * Set-Cookie lines of a session that goes on; none, if it has ended meanwhile: the browser may have the cookie of another one already.
   */
  renew(open: OpenSession, stale: readonly string[]): readonly string[] {
    if (this.ended.has(open)) return [];
    const lines = this.set(open, stale);
    // There is nowhere else: the provider's tokens have grown, and what was received is lost after the leeway.
    if (!lines) this.logger.error(new SessionTooLargeError().message);
    return lines ?? [];
  }

  /** Whether the browser's cookies do, or else the database. */
  holds(open: OpenSession): boolean {
    return this.set(open, []) !== undefined;
  }

  clear(pieces: readonly string[]): readonly string[] {
    return this.cookies.clear(this.options.cookie.name, pieces);
  }
}
