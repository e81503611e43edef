import { HttpException } from '@nestjs/common';
import type { EndReason, SessionEvent } from '../session-events.js';
import { sessionIdHash } from './session-ids.js';
import type { SessionContent, SessionData, UserClaims } from './session-state.js';

/** A live session, as one request knows it. */
export interface OpenSession extends SessionContent {
  readonly id: string;
  /** What the application made of the claims of the sign-in. */
  readonly user: UserClaims;
  readonly data: SessionData;
}

/** There is no such session any more. */
export class SessionEndedError extends HttpException {
  constructor(readonly reason: EndReason) {
    super('The session has ended.', 401);
    this.name = 'SessionEndedError';
  }
}

/** The session with the tokens that a refresh brought, and nothing else of what another request knew. */
export const withTokensOf = (session: OpenSession, { generation, state }: OpenSession): OpenSession => ({
  ...session,
  generation,
  state: { ...session.state, tokens: state.tokens },
});

/** What events and logs say of it. */
export const eventOf = ({ id, state }: Pick<OpenSession, 'id' | 'state'>): SessionEvent => ({
  session: sessionIdHash(id).toString('base64url'),
  subject: state.user.sub,
});
