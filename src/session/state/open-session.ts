import type { EndReason, SessionEvent } from '../session-events.js';
import { sessionIdHash } from './session-ids.js';
import type { SessionContent } from './session-state.js';

/** A live session, as one request knows it. */
export interface OpenSession extends SessionContent {
  readonly id: string;
}

/** There is no such session any more. */
export class SessionEndedError extends Error {
  constructor(readonly reason: EndReason) {
    super('The session has ended.');
    this.name = 'SessionEndedError';
  }
}

/** What events and logs say of it. */
export const eventOf = ({ id, state }: Pick<OpenSession, 'id' | 'state'>): SessionEvent => ({
  session: sessionIdHash(id).toString('base64url'),
  subject: state.user.sub,
});
