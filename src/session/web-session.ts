import type { SessionApi } from './api/session-api.js';
import type { UserClaims, WantedToken } from './state/session-state.js';

/** What an application sees of a session. Tokens and ids that could be used stay inside, but for `accessToken()`. */
export interface WebSession {
  /** base64url of the SHA-256 of the session's id: for logs, of no use to anybody else. */
  readonly id: string;
  readonly user: UserClaims;
  /** When the session ends, used or not. */
  readonly expiresAt: Date;
  /** Aborts when the session has ended, wherever that was, within five seconds: for sockets and streams, which the module closes then. */
  readonly ended: AbortSignal;

  /** What the application keeps in the session by this name, as it was when the request came. Undefined: nothing. */
  get(name: string): unknown;
  /**
   * Keeps a value by a name, sealed, for later requests; undefined: takes it away. Values of other names stay, whoever writes them at the same time.
   * @param name of letters, digits and . : _ -, 64 at most
   * @param value of what JSON knows, 8,192 characters of it at most
   * @throws TypeError, RangeError; SessionEndedError, SessionStoreUnavailableError; without a database: SessionTooLargeError, and Error once
   * the answer has begun
   */
  set(name: string, value: unknown): Promise<void>;

  /**
   * An access token that is good for a while: the session's own, or one for another API or with less scope.
   * @throws RefreshFailure: it is over, and there is no other at the moment; SessionEndedError; SessionStoreUnavailableError; what `signal` was aborted with
   */
  accessToken(options?: AccessTokenOptions): Promise<string>;
  /** One of the configured APIs. @throws TypeError: there is none of that name */
  api(name: string): SessionApi;

  /**
   * Gives the session another id, as is due when the person may do more than before (OWASP ASVS 7.2.4). The old one is dead; sockets and streams that are
   * open by it are closed within seconds. @throws as `set`
   */
  regenerate(): Promise<void>;
  /** Ends it here and now; the answer to this request takes the cookie away. @param detail for the event */
  end(detail?: string): Promise<void>;
}

export interface AccessTokenOptions extends WantedToken {
  /** A new one, also if the old one is still good. */
  readonly force?: boolean;
  /** Ends the wait; a refresh that was begun goes on. */
  readonly signal?: AbortSignal;
}
