import type { IncomingMessage } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import type { NodePair } from '../http/node-pair.js';
import { HookRunner } from '../hook-runner.js';
import { SessionEvents } from '../session-events.js';
import { Sessions } from '../sessions.js';
import { eventOf } from '../state/open-session.js';
import { SessionRecords } from '../state/session-records.js';
import type { SessionState } from '../state/session-state.js';
import { ReplacedSessions, type ReplacedSession } from './replaced-sessions.js';

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

  /** What the browser has now, and a sign-in will take the place of. @throws StorageUnavailableError */
  presented(request: IncomingMessage): Promise<ReplacedSession | undefined> {
    return this.replaced.presented(request);
  }

  /**
   * With an id of its own; the sessions that the browser had before have ended, whoever they were planted by (session fixation). False: the application
   * refused.
   *
   * @param replaces what the browser had when it began: a SameSite=Strict cookie does not come along from the provider
   * @throws StorageUnavailableError, SessionTooLargeError
   */
  async open(pair: NodePair, state: SessionState, replaces: ReplacedSession | undefined): Promise<boolean> {
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
    for (const replaced of [replaces, await this.presented(pair.request)]) await this.replaced.end(replaced);
    this.events.emit('session.created', eventOf(opened));
    return true;
  }
}
