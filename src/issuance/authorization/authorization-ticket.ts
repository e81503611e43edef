import type { AuthorizationRequest } from './authorization-request.js';

/**
 * A request under way in one browser, as the browser carries it from page to page. Progress is told by what can be looked at anew (the session, the
 * consent) wherever possible: what was once true is not written into it.
 */
export interface AuthorizationTicket {
  readonly request: AuthorizationRequest;
  /** base64url of the hash of the browser's mark. Undefined: of no browser yet, and worth no more than the request itself. */
  readonly browser?: string;
  /** When the request came. Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Id of the pushed request that it came by. */
  readonly pushedRequest?: string;
  /** The session that the person chose to go on with. */
  readonly chosenSid?: string;
  /** The person wanted to sign in as somebody else at this moment: earlier sign-ins will not do. */
  readonly anotherSince?: number;
}
