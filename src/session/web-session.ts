import type { SessionApi } from './api/session-api.js';
import type { UserClaims } from './state/session-state.js';

/** What an application sees of a session. Tokens and ids that could be used stay inside, but for `accessToken()`. */
export interface WebSession {
  /** base64url of the SHA-256 of the session's id: for logs, of no use to anybody else. */
  readonly id: string;
  readonly user: UserClaims;
  /** When the session ends, used or not. */
  readonly expiresAt: Date;
  /** An access token that is good for a while. @throws RefreshFailure: it is over, and there is no other at the moment; SessionEndedError */
  accessToken(options?: { readonly force?: boolean }): Promise<string>;
  /** One of the configured APIs. @throws TypeError: there is none of that name */
  api(name: string): Pick<SessionApi, 'fetch'>;
  /** Ends it here and now; the answer to this request takes the cookie away. */
  end(): Promise<void>;
}
