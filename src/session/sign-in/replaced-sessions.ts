import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { SessionCookie } from '../cookie/session-cookie.js';
import { SessionEvents } from '../session-events.js';
import { SessionCodec } from '../state/session-codec.js';
import { sessionIdHash } from '../state/session-ids.js';
import { SessionRecords } from '../state/session-records.js';

/** A session that somebody is about to sign in over. */
export interface ReplacedSession {
  readonly id: string;
  readonly subject: string;
}

@Injectable()
export class ReplacedSessions {
  constructor(
    private readonly cookie: SessionCookie,
    private readonly codec: SessionCodec,
    private readonly records: SessionRecords,
    private readonly events: SessionEvents,
  ) {}

  /** Which one the browser has. Not looked at any further: it is not going to be used. @throws StorageUnavailableError */
  async presented({ headers }: IncomingMessage): Promise<ReplacedSession | undefined> {
    const { value } = this.cookie.receive(headers.cookie);
    const presented = value === undefined ? undefined : this.codec.readCookie(value);
    const session = presented && (await this.records.find(presented)).session;
    return session && { id: session.id, subject: session.state.user.sub };
  }

  /** Its tokens are not revoked: providers that know one grant of a person to an app would end the new one with it. @throws StorageUnavailableError */
  async end(replaced: ReplacedSession | undefined): Promise<void> {
    if (!replaced) return;
    const ended = await this.records.replacing(replaced.id, () => this.records.end(replaced));
    if (!ended) return;
    const session = sessionIdHash(replaced.id).toString('base64url');
    this.events.emit('session.ended', { session, subject: replaced.subject, reason: 'logout', detail: 'Signed in anew.' });
  }
}
