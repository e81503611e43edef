import type { Type } from '@nestjs/common';
import { isLoopback } from '../protocol/loopback.js';
import type { ApiOptions } from './api/api-options.js';
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
  /** Functions, or a class with dependencies. Default: none. */
  readonly hooks?: SessionHooks | Type<SessionHooks>;
}

export interface OidcOptions {
  /** https, or http on loopback. */
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined: a public client. */
  readonly clientSecret?: string;
  /** Default: `client_secret_basic` with a secret. */
  readonly clientAuthentication?: 'client_secret_basic' | 'client_secret_post';
  /** Default: `openid profile offline_access`. */
  readonly scope?: string;
  /** Further parameters of the authorization request, such as `resource` or `prompt`. */
  readonly parameters?: Readonly<Record<string, string>>;
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
  readonly path: string;
  readonly hooks: SessionHooks | Type<SessionHooks>;
}

/** DI token of the options after defaults and checks. */
export const SESSION_OPTIONS = Symbol('SessionOptions');

const SHORTEST_KEY = 32;

/** Fills in the defaults. @throws Error that names every fault at once, each with what to change */
export function resolveSessionOptions(options: SessionOptions, path: string, hasDatabase: boolean): ResolvedSessionOptions {
  const { refresh, session, cookie, oidc } = options;
  const secure = options.baseUrl.startsWith('https:');
  const resolved: ResolvedSessionOptions = {
    baseUrl: options.baseUrl,
    secure,
    store: options.store ?? 'cookie',
    oidc: { ...oidc, scope: oidc.scope ?? 'openid profile offline_access' },
    keys: options.keys.map((key) => (typeof key === 'string' ? Buffer.from(key, 'base64') : key)),
    apis: options.apis ?? {},
    refreshes: refresh !== false,
    refresh: { before: 60, leeway: 30, timeout: 5, outageGrace: 0, ...(refresh === false ? {} : refresh) },
    session: { idle: session?.idle ?? 8 * 3_600, absolute: session?.absolute ?? 24 * 3_600 },
    cookie: { name: cookie?.name ?? (secure ? '__Host-Http-session' : 'session'), sameSite: cookie?.sameSite ?? 'strict' },
    path,
    hooks: options.hooks ?? {},
  };
  const faults = sessionFaults(resolved, options.processes ?? 1, hasDatabase);
  if (faults.length > 0) throw new Error(['The session options cannot work:', ...faults.map((fault) => `- ${fault}`)].join('\n'));
  return resolved;
}

function sessionFaults(options: ResolvedSessionOptions, processes: number, hasDatabase: boolean): string[] {
  const { baseUrl, oidc, keys, cookie, refresh, session, path } = options;
  const faults: [boolean, string][] = [
    [!isOrigin(baseUrl), 'baseUrl must be an origin such as https://app.example.com, without a path; http is for loopback only.'],
    [!isSecure(oidc.issuer), 'oidc.issuer must be an https URL; http is for loopback only.'],
    [oidc.clientId === '', 'oidc.clientId must be the id of the app at the issuer.'],
    [!oidc.scope.split(' ').includes('openid'), 'oidc.scope must hold openid.'],
    [keys.length === 0, 'keys must hold one key at least: node -p "crypto.randomBytes(32).toString(\'base64\')" makes one.'],
    [keys.some((key) => key.length < SHORTEST_KEY), `keys must be ${SHORTEST_KEY} bytes or more each.`],
    [options.store === 'postgres' && !hasDatabase, "store is 'postgres': import PostgresStorageModule.forRoot(…)."],
    [
      processes > 1 && !hasDatabase,
      'processes is more than one: import PostgresStorageModule.forRoot(…), or two of them would refresh one session.',
    ],
    [!/^[\w-]+$/.test(cookie.name), 'cookie.name must be of letters, digits, _ and -.'],
    [
      /^__(secure|host|http)-/i.test(cookie.name) && !options.secure,
      'cookie.name has a prefix that only https may set: choose another one.',
    ],
    [!/^(\/[\w-]+)+$/.test(path), 'path must be such as /session, without a trailing slash.'],
    [!(session.idle > 0 && session.idle <= session.absolute), 'session.idle must be above 0, and at most session.absolute.'],
    [
      !(refresh.before >= 0 && refresh.leeway >= 0 && refresh.outageGrace >= 0),
      'refresh.before, leeway and outageGrace must not be negative.',
    ],
    [!(refresh.timeout > 0 && refresh.timeout <= 60), 'refresh.timeout must be above 0, and at most 60.'],
  ];
  const apiFaults = Object.entries(options.apis).map(([name, { url }]): [boolean, string] => [
    !isSecure(url),
    `apis.${name}.url must be an https URL; http is for loopback only.`,
  ]);
  return [...faults, ...apiFaults].flatMap(([wrong, fault]) => (wrong ? [fault] : []));
}

const isSecure = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
};

const isOrigin = (text: string): boolean => isSecure(text) && new URL(text).origin === text;
