import { isSecureUrl } from '../protocol/secure-url.js';
import type { ApiOptions } from './api/api-options.js';
import { isSkipped } from './http/skipped-paths.js';
import { isUsableKey } from './provider/client-key.js';
import type { ResolvedSessionOptions } from './session.options.js';

const SHORTEST_KEY = 32;
/** Seconds: RFC 6265bis §5.5. */
const LONGEST = 400 * 86_400;
/** The module's own routes. */
const OWN = ['login', 'callback', 'logout', 'backchannel-logout'];
/** Parameters of the authorization request that are not for the application to choose. */
const SET_HERE = [
  ...['client_id', 'response_type', 'response_mode', 'redirect_uri', 'scope', 'state', 'nonce'],
  ...['code_challenge', 'code_challenge_method', 'request', 'request_uri'],
];

/** That of the application. */
export interface SessionDatabase {
  /** Whether the tables of sessions are there. */
  readonly isMigrated: boolean;
}

/** What contradicts itself or cannot be, each with what to change. */
export function sessionFaults(options: ResolvedSessionOptions, processes: number, database: SessionDatabase | undefined): string[] {
  const { baseUrl, oidc, keys, cookie, refresh, session, path } = options;
  const faults: [boolean, string][] = [
    [!isOrigin(baseUrl), 'baseUrl must be an origin such as https://app.example.com, without a path; http is for loopback only.'],
    ...oidcFaults(oidc),
    [keys.length === 0, 'keys must hold one key at least: node -p "crypto.randomBytes(32).toString(\'base64\')" makes one.'],
    [keys.some((key) => key.length < SHORTEST_KEY), `keys must be ${SHORTEST_KEY} bytes or more each, in base64 or as bytes.`],
    [!(Number.isInteger(processes) && processes >= 1), 'processes must be a number from 1 on.'],
    [!['cookie', 'postgres'].includes(options.store), "store must be 'cookie' or 'postgres'."],
    [options.store === 'postgres' && !database, "store is 'postgres': import PostgresStorageModule.forRoot(…)."],
    [
      processes > 1 && !database,
      'processes is more than one: import PostgresStorageModule.forRoot(…), or two of them would refresh one session.',
    ],
    [database?.isMigrated === false, 'the database lacks the tables of sessions: run the migrations of the package (docs/sessions.md).'],
    [!['strict', 'lax'].includes(cookie.sameSite), "cookie.sameSite must be 'strict' or 'lax'."],
    [!/^[\w-]{1,64}$/.test(cookie.name), 'cookie.name must be of letters, digits, _ and -, 64 at most.'],
    [/-\d$/.test(cookie.name), 'cookie.name must not end like the second piece of a cookie (session-1).'],
    [
      /^__(secure|host|http)-/i.test(cookie.name) && !options.secure,
      'cookie.name has a prefix that only https may set: choose another one.',
    ],
    [!/^(\/[\w-]+)+$/.test(path), 'path must be such as /session, without a trailing slash.'],
    [!['header', 'origin'].includes(options.csrf), "csrf must be 'header' or 'origin'."],
    [
      !options.skip.every((prefix) => /^\/[\w./~-]*$/.test(String(prefix)) && !/\/\.{1,2}(?:\/|$)|\/\//.test(prefix)),
      'skip must hold paths such as /assets, without patterns.',
    ],
    [
      [path, ...OWN.map((own) => `${path}/${own}`)].some((own) => isSkipped(own, options.skip)),
      `skip must not hold ${path}, which is where people sign in.`,
    ],
    [
      !(Number.isFinite(session.idle) && session.idle > 0 && session.idle <= session.absolute),
      'session.idle must be a number above 0, and at most session.absolute.',
    ],
    [
      !(typeof session.absolute === 'number' && session.absolute <= LONGEST),
      `session.absolute must be ${LONGEST} (400 days) at most: browsers keep no cookie for longer.`,
    ],
    [!['reject', 'revoke'].includes(refresh.onReplay), "refresh.onReplay must be 'reject' or 'revoke'."],
    [
      ![refresh.before, refresh.leeway, refresh.outageGrace].every((seconds) => Number.isFinite(seconds) && seconds >= 0),
      'refresh.before, leeway and outageGrace must be numbers, none of them negative.',
    ],
    [
      !(Number.isFinite(refresh.timeout) && refresh.timeout > 0 && refresh.timeout <= 60),
      'refresh.timeout must be above 0, and at most 60.',
    ],
  ];
  return [...faults, ...Object.entries(options.apis).flatMap(apiFaults)].flatMap(([wrong, fault]) => (wrong ? [fault] : []));
}

const oidcFaults = (oidc: ResolvedSessionOptions['oidc']): [boolean, string][] => [
  [!isSecureUrl(oidc.issuer), 'oidc.issuer must be an https URL; http is for loopback only.'],
  [!oidc.clientId, 'oidc.clientId must be the id of the app at the issuer.'],
  [!oidc.scope.split(' ').includes('openid'), 'oidc.scope must hold openid.'],
  [oidc.privateKey !== undefined && oidc.clientSecret !== undefined, 'oidc has a clientSecret and a privateKey: leave one of them out.'],
  [
    oidc.privateKey !== undefined && !isUsableKey(oidc.privateKey),
    'oidc.privateKey.key must be a private key, PKCS #8 in PEM or a JWK: P-256, or RSA of 2,048 bits or more.',
  ],
  [
    ![undefined, 'client_secret_basic', 'client_secret_post'].includes(oidc.clientAuthentication) ||
      (oidc.clientAuthentication !== undefined && oidc.clientSecret === undefined),
    "oidc.clientAuthentication must be 'client_secret_basic' or 'client_secret_post'; without a clientSecret, leave it out.",
  ],
  [oidc.clientSecret === '', 'oidc.clientSecret must not be empty; for a public client, leave it out.'],
  [
    Object.keys(oidc.parameters ?? {}).some((name) => SET_HERE.includes(name)),
    `oidc.parameters must hold none of ${SET_HERE.join(', ')}, which are set by the module.`,
  ],
];

const apiFaults = ([name, { url, methods = [], timeout = 1 }]: readonly [string, ApiOptions]): [boolean, string][] => [
  [!isSecureUrl(url), `apis.${name}.url must be an https URL; http is for loopback only.`],
  [URL.canParse(url) && !isPlain(new URL(url)), `apis.${name}.url must not have a query, a fragment or a user.`],
  [
    !(Array.isArray(methods) && methods.every((method) => /^[A-Z]+$/.test(String(method)))),
    `apis.${name}.methods must be a list in capital letters, such as POST.`,
  ],
  [!(Number.isFinite(timeout) && timeout > 0), `apis.${name}.timeout must be a number above 0.`],
];

const isPlain = ({ search, hash, username, password }: URL): boolean => [search, hash, username, password].every((part) => part === '');

const isOrigin = (text: string): boolean => isSecureUrl(text) && new URL(text).origin === text;
