import type { IncomingMessage } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import type { NodePair } from '../http/node-pair.js';
import { HookRunner } from '../hook-runner.js';
import { SessionEvents } from '../session-events.js';
import { Sessions } from '../sessions.js';
import { eventOf } from '../state/open-session.js';
import { SessionRecords } from '../state/session-records.js';
import type { SessionState } from '../state/session-state.js';
import { ReplacedSessions } from './replaced-sessions.js';

/** Opens sessions for people who have just signed in. */
@Injectable()
export class NewSessions {
  private readonly logger = new Logger('Sessions');

  constructor(
    private readonly hooks: HookRunner,
    private readonly records: SessionRecords,
    private readonly sessions: Sessions,
    private readonly events: SessionEvents,
    private readonly replaced: ReplacedSessions,
  ) {}

  /** Whether the browser brings a session, which a sign-in would take the place of. */
  isPresented(request: IncomingMessage): boolean {
    return this.replaced.isPresented(request);
  }

  /**
   * With an id of its own; the session that the browser had before has ended, whoever it was planted by (session fixation). False: the application refused.
   * @throws StorageUnavailableError, SessionTooLargeError
   */
  async open(pair: NodePair, state: SessionState): Promise<boolean> {
    const { sid } = state.user;
    let wanted;
    try {
      wanted = await this.hooks.signIn(state.user);
    } catch (error) {
      this.logger.warn({ msg: 'onSignIn refused somebody', why: error instanceof Error ? error.message : 'no reason given' });
      return false;
    }
    let opened = await this.records.open({ ...state, user: wanted.user, ...(typeof sid === 'string' && { sid }) });
    for (const [name, value] of wanted.values) opened = await this.records.keep(opened, name, value);
    this.sessions.begin(pair, opened);
    await this.replaced.end(pair.request);
    this.events.emit('session.created', eventOf(opened));
    return true;
  }
}
