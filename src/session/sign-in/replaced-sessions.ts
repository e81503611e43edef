import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { SessionCookie } from '../cookie/session-cookie.js';
import { SessionEvents } from '../session-events.js';
import { eventOf } from '../state/open-session.js';
import { SessionCodec } from '../state/session-codec.js';
import { SessionRecords } from '../state/session-records.js';

/** Sessions that somebody signs in over. */
@Injectable()
export class ReplacedSessions {
  constructor(
    private readonly cookie: SessionCookie,
    private readonly codec: SessionCodec,
    private readonly records: SessionRecords,
    private readonly events: SessionEvents,
  ) {}

  isPresented({ headers }: IncomingMessage): boolean {
    return this.cookie.receive(headers.cookie).pieces.length > 0;
  }

  /**
   * Ends the one that the browser brings, whoever it was planted by. Its tokens are not revoked: providers that know one grant of a person to an app would
   * end the new one with it. @throws StorageUnavailableError
   */
  async end({ headers }: IncomingMessage): Promise<void> {
    const { value } = this.cookie.receive(headers.cookie);
    const presented = value === undefined ? undefined : this.codec.readCookie(value);
    const session = presented && (await this.records.find(presented)).session;
    if (!session || !(await this.records.replacing(session.id, () => this.records.end(session)))) return;
    this.events.emit('session.ended', { ...eventOf(session), reason: 'logout', detail: 'Signed in anew.' });
  }
}
