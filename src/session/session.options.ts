import type { JsonWebKey } from 'node:crypto';
import type { Type } from '@nestjs/common';
import type { ApiOptions } from './api/api-options.js';
import type { CsrfMode } from './http/navigation.js';
import type { SessionHooks } from './session-hooks.js';

/** What `SessionModule.forRoot` takes. Times in seconds. */
export interface SessionOptions {
  /** Where browsers reach the app: an origin, https, or http on loopback. Required. */
  readonly baseUrl: string;
  /**
   * Where the tokens live. `cookie`: sealed in the browser's cookie; with `PostgresStorageModule` in the application, a ledger beside it makes refreshes
   * and log-outs hold for any number of processes. `postgres`: in a sealed row (`PostgresStorageModule`), and the cookie is an id. Default: `cookie`.
   */
  readonly store?: 'cookie' | 'postgres';
  /** How many processes serve the app; more than one needs the database. Default: 1. */
  readonly processes?: number;
  /** The OpenID provider, and this app's client there. Required. */
  readonly oidc: OidcOptions;
  /** What seals cookies and rows: 32 bytes or more each, base64url or as bytes. The first one seals, all of them open. Required. */
  readonly keys: readonly (string | Buffer)[];
  /** APIs that `session.api(name)` calls with the session's access token. Default: none. */
  readonly apis?: Readonly<Record<string, ApiOptions>>;
  /** Refreshing. `false`: only `onValidate` and `accessToken({ force: true })` do it. */
  readonly refresh?: false | RefreshOptions;
  readonly session?: {
    /** A session ends when it is not used for so long. Default: 28 800 (8 h). */
    readonly idle?: number;
    /** A session ends, used or not. Default: 86 400 (24 h). */
    readonly absolute?: number;
  };
  readonly cookie?: {
    /** Default: `__Host-Http-session`; `session` on http. */
    readonly name?: string;
    /** Default: `strict`. */
    readonly sameSite?: 'strict' | 'lax';
  };
  /** How requests show that they come from the app's own pages, where a route does not say: `header`, `X-CSRF: 1`; `origin`, for forms. Default: `header`. */
  readonly csrf?: CsrfMode;
  /**
   * Paths, and all below them, that have no sessions: the cookie is not looked at, and a `SessionGuard` of all routes lets everybody in. For what a page
   * loads: `['/assets']`. A route with `@Authenticated()` has nobody who is signed in there. Default: none.
   */
  readonly skip?: readonly string[];
  /** Functions, or a class with dependencies. Default: none. */
  readonly hooks?: SessionHooks | Type<SessionHooks>;
}

export interface OidcOptions {
  /** https, or http on loopback. */
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined: a public client. */
  readonly clientSecret?: string;
  /** Instead of a secret: `private_key_jwt` (OpenID Connect Core §9). */
  readonly privateKey?: OidcPrivateKey;
  /** Default: `client_secret_basic` with a secret. */
  readonly clientAuthentication?: 'client_secret_basic' | 'client_secret_post';
  /** Default: `openid profile offline_access`. */
  readonly scope?: string;
  /** Further parameters of the authorization request, such as `resource` or `prompt`. */
  readonly parameters?: Readonly<Record<string, string>>;
}

export interface OidcPrivateKey {
  /** PKCS #8 in PEM, or a JWK: P-256 (ES256), or RSA of 2,048 bits or more (RS256). */
  readonly key: string | JsonWebKey;
  /** What the provider knows it by. Default: the JWK's own, else none. */
  readonly kid?: string;
}

export interface RefreshOptions {
  /** How long before its end an access token is replaced; half its lifetime at most. Default: 60. */
  readonly before?: number;
  /** How long after the browser has the new cookie the old one still leads to it. Default: 30. */
  readonly leeway?: number;
  /** Longest wait for the token endpoint. Default: 5. */
  readonly timeout?: number;
  /** How long after the access token's end a request is served without one while the provider is away. Default: 0. */
  readonly outageGrace?: number;
  /**
   * What becomes of the session when a cookie comes that was replaced and is past its leeway. `reject`: nothing, the request is anonymous; far more often
   * than a thief it is a tab that slept. `revoke`: it ends. Default: `reject`.
   */
  readonly onReplay?: 'reject' | 'revoke';
}

export interface ResolvedSessionOptions {
  /** Without a trailing slash. */
  readonly baseUrl: string;
  readonly secure: boolean;
  readonly store: 'cookie' | 'postgres';
  readonly oidc: OidcOptions & { readonly scope: string };
  readonly keys: readonly Buffer[];
  readonly apis: Readonly<Record<string, ApiOptions>>;
  /** Whether the module refreshes by itself. */
  readonly refreshes: boolean;
  readonly refresh: Required<RefreshOptions>;
  readonly session: { readonly idle: number; readonly absolute: number };
  readonly cookie: { readonly name: string; readonly sameSite: 'strict' | 'lax' };
  readonly csrf: CsrfMode;
  readonly skip: readonly string[];
  readonly path: string;
  readonly hooks: SessionHooks | Type<SessionHooks>;
}

/** DI token of the options after defaults and checks. */
export const SESSION_OPTIONS = Symbol('SessionOptions');
