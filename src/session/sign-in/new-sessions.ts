import { Injectable } from '@nestjs/common';
import type { NodePair } from '../http/node-pair.js';
import { HookRunner } from '../hook-runner.js';
import { SessionEvents } from '../session-events.js';
import { Sessions } from '../sessions.js';
import { eventOf } from '../state/open-session.js';
import { SessionRecords } from '../state/session-records.js';
import type { SessionState } from '../state/session-state.js';

/** Opens sessions for people who have just signed in. */
@Injectable()
export class NewSessions {
  constructor(
    private readonly hooks: HookRunner,
    private readonly records: SessionRecords,
    private readonly sessions: Sessions,
    private readonly events: SessionEvents,
  ) {}

  /**
   * With an id of its own, whatever session the browser had before (session fixation). False: the application refused.
   * @throws StorageUnavailableError, SessionTooLargeError
   */
  async open(pair: NodePair, state: SessionState): Promise<boolean> {
    const { sid } = state.user;
    let user;
    try {
      user = await this.hooks.signIn(state.user);
    } catch {
      return false;
    }
    const opened = await this.records.open({ ...state, user, ...(typeof sid === 'string' && { sid }) });
    this.sessions.begin(pair, opened);
    this.events.emit('session.created', eventOf(opened));
    return true;
  }
}
