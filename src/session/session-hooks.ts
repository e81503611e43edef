import type { IncomingMessage } from 'node:http';
import type { UserClaims } from './state/session-state.js';
import type { WebSession } from './web-session.js';

export interface SignInContext {
  /** Of the id token. */
  readonly claims: UserClaims;
  /** Keeps a value in the session that is about to begin: see `WebSession.set`. @throws TypeError, RangeError */
  set(name: string, value: unknown): void;
}

export interface ValidationContext {
  readonly session: WebSession;
  readonly request: IncomingMessage;
  /** Aborts when the browser is gone: there is no answer to give any more. ASP.NET Core: RequestAborted. */
  readonly signal: AbortSignal;
  /** Refreshes the tokens, due or not. */
  refresh(): Promise<void>;
  /** The cookie is sent again with this answer, and the session's idle time begins anew. ASP.NET Core: ShouldRenew. */
  renew(): Promise<void>;
  /** Other claims from now on; `sub` stays. ASP.NET Core: ReplacePrincipal. */
  replaceUser(claims: UserClaims): Promise<void>;
  /** The session ends, and the request goes on anonymous. ASP.NET Core: RejectPrincipal, with the sign-out that belongs to it. */
  reject(reason?: string): void;
}

export interface RefreshedContext {
  /** Of as many requests as waited; what is kept in it shows in later ones. */
  readonly session: WebSession;
  /** Of the id token that came along, if one did. */
  readonly claims?: UserClaims;
}

/** Where an app steps in. */
export interface SessionHooks {
  /** Who has signed in, before there is a session. Returns the claims to keep; undefined: all of them. @throws to refuse the sign-in */
  onSignIn?(context: SignInContext): UserClaims | undefined | Promise<UserClaims | undefined>;
  /**
   * Once on each request with a session, but for the module's own routes: whoever signs out does. What it throws fails the request. ASP.NET Core:
   * ValidatePrincipal.
   */
  onValidate?(context: ValidationContext): void | Promise<void>;
  /** Once for each refresh, not for those who waited for it. */
  onRefreshed?(context: RefreshedContext): void | Promise<void>;
}
