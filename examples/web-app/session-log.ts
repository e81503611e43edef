import { Injectable, Logger } from '@nestjs/common';
import { SessionEvents } from 'countersign/session';

/** What happens to sessions, in the app's log. `session` is a hash: it tells sessions apart and opens none. */
@Injectable()
export class SessionLog {
  constructor(events: SessionEvents) {
    const logger = new Logger('Sessions');
    const log = (what: string) => (event: object) => logger.log(`${what}: ${JSON.stringify(event)}`);
    events.on('session.created', log('signed in'));
    events.on('session.refreshed', log('access token refreshed'));
    events.on('session.ended', log('ended'));
    events.on('session.replayed', log('an old cookie came again'));
    events.on('oidc.unavailable', ({ cause }) => logger.warn(`the provider cannot be reached: ${String(cause)}`));
    events.on('oidc.misconfigured', ({ cause }) => logger.error(`the provider does not take this app: ${String(cause)}`));
  }
}
