import { isSecureUrl } from '../protocol/secure-url.js';
import type { ApiOptions } from './api/api-options.js';
import { isSkipped } from './http/skipped-paths.js';
import { isUsableKey } from './provider/client-key.js';
import type { OidcOptions, ResolvedSessionOptions, SessionOptions } from './session.options.js';

const SHORTEST_KEY = 32;
/** Seconds: RFC 6265bis §5.5. */
const LONGEST = 400 * 86_400;
/** The module's own routes. */
const OWN = ['login', 'callback', 'logout', 'backchannel-logout'];

/** Fills in the defaults. @throws Error that names every fault at once, each with what to change */
export function resolveSessionOptions(options: SessionOptions, path: string, hasDatabase: boolean): ResolvedSessionOptions {
  // From an environment that does not have it, undefined comes in spite of the types: a fault like others.
  const { refresh, session, cookie, oidc = {} as Partial<OidcOptions>, keys = [] } = options as Partial<SessionOptions>;
  const secure = String(options.baseUrl).startsWith('https:');
  const resolved: ResolvedSessionOptions = {
    baseUrl: String(options.baseUrl),
    secure,
    store: options.store ?? 'cookie',
    oidc: { ...oidc, issuer: String(oidc.issuer), clientId: oidc.clientId ?? '', scope: oidc.scope ?? 'openid profile offline_access' },
    keys: keys.map((key) => (Buffer.isBuffer(key) ? key : Buffer.from(String(key), 'base64'))),
    apis: options.apis ?? {},
    refreshes: refresh !== false,
    refresh: { before: 60, leeway: 30, timeout: 5, outageGrace: 0, onReplay: 'reject', ...(refresh === false ? {} : refresh) },
    session: { idle: session?.idle ?? 8 * 3_600, absolute: session?.absolute ?? 24 * 3_600 },
    cookie: { name: cookie?.name ?? (secure ? '__Host-Http-session' : 'session'), sameSite: cookie?.sameSite ?? 'strict' },
    csrf: options.csrf ?? 'header',
    skip: options.skip ?? [],
    path,
    hooks: options.hooks ?? {},
  };
  const faults = sessionFaults(resolved, options.processes ?? 1, hasDatabase);
  if (faults.length > 0) throw new Error(['The session options cannot work:', ...faults.map((fault) => `- ${fault}`)].join('\n'));
  return resolved;
}

/** What contradicts itself or cannot be, each with what to change. */
function sessionFaults(options: ResolvedSessionOptions, processes: number, hasDatabase: boolean): string[] {
  const { baseUrl, oidc, keys, cookie, refresh, session, path } = options;
  const faults: [boolean, string][] = [
    [!isOrigin(baseUrl), 'baseUrl must be an origin such as https://app.example.com, without a path; http is for loopback only.'],
    [!isSecureUrl(oidc.issuer), 'oidc.issuer must be an https URL; http is for loopback only.'],
    [!oidc.clientId, 'oidc.clientId must be the id of the app at the issuer.'],
    [!oidc.scope.split(' ').includes('openid'), 'oidc.scope must hold openid.'],
    [keys.length === 0, 'keys must hold one key at least: node -p "crypto.randomBytes(32).toString(\'base64\')" makes one.'],
    [keys.some((key) => key.length < SHORTEST_KEY), `keys must be ${SHORTEST_KEY} bytes or more each.`],
    [!['cookie', 'postgres'].includes(options.store), "store must be 'cookie' or 'postgres'."],
    [options.store === 'postgres' && !hasDatabase, "store is 'postgres': import PostgresStorageModule.forRoot(…)."],
    [
      processes > 1 && !hasDatabase,
      'processes is more than one: import PostgresStorageModule.forRoot(…), or two of them would refresh one session.',
    ],
    [!['strict', 'lax'].includes(cookie.sameSite), "cookie.sameSite must be 'strict' or 'lax'."],
    [!/^[\w-]+$/.test(cookie.name), 'cookie.name must be of letters, digits, _ and -.'],
    [/-\d$/.test(cookie.name), 'cookie.name must not end like the second piece of a cookie (session-1).'],
    [
      /^__(secure|host|http)-/i.test(cookie.name) && !options.secure,
      'cookie.name has a prefix that only https may set: choose another one.',
    ],
    [!/^(\/[\w-]+)+$/.test(path), 'path must be such as /session, without a trailing slash.'],
    [!['header', 'origin'].includes(options.csrf), "csrf must be 'header' or 'origin'."],
    [
      !options.skip.every((prefix) => /^\/[\w./~-]*$/.test(prefix) && !/\/\.{1,2}(?:\/|$)|\/\//.test(prefix)),
      'skip must hold paths such as /assets, without patterns.',
    ],
    [
      [path, ...OWN.map((own) => `${path}/${own}`)].some((own) => isSkipped(own, options.skip)),
      `skip must not hold ${path}, which is where people sign in.`,
    ],
    [!(session.idle > 0 && session.idle <= session.absolute), 'session.idle must be above 0, and at most session.absolute.'],
    [!(session.absolute <= LONGEST), `session.absolute must be ${LONGEST} (400 days) at most: browsers keep no cookie for longer.`],
    [!['reject', 'revoke'].includes(refresh.onReplay), "refresh.onReplay must be 'reject' or 'revoke'."],
    [oidc.privateKey !== undefined && oidc.clientSecret !== undefined, 'oidc has a clientSecret and a privateKey: leave one of them out.'],
    [
      oidc.privateKey !== undefined && !isUsableKey(oidc.privateKey),
      'oidc.privateKey.key must be a private key, PKCS #8 in PEM or a JWK: P-256, or RSA of 2,048 bits or more.',
    ],
    [
      ![undefined, 'client_secret_basic', 'client_secret_post'].includes(oidc.clientAuthentication),
      "oidc.clientAuthentication must be 'client_secret_basic' or 'client_secret_post'; without a secret, leave it out.",
    ],
    [
      !(refresh.before >= 0 && refresh.leeway >= 0 && refresh.outageGrace >= 0),
      'refresh.before, leeway and outageGrace must not be negative.',
    ],
    [!(refresh.timeout > 0 && refresh.timeout <= 60), 'refresh.timeout must be above 0, and at most 60.'],
  ];
  return [...faults, ...Object.entries(options.apis).flatMap(apiFaults)].flatMap(([wrong, fault]) => (wrong ? [fault] : []));
}

const apiFaults = ([name, { url, methods = [], timeout = 1 }]: readonly [string, ApiOptions]): [boolean, string][] => [
  [!isSecureUrl(url), `apis.${name}.url must be an https URL; http is for loopback only.`],
  [URL.canParse(url) && !isPlain(new URL(url)), `apis.${name}.url must not have a query, a fragment or a user.`],
  [!methods.every((method) => /^[A-Z]+$/.test(method)), `apis.${name}.methods must be in capital letters, such as POST.`],
  [!(timeout > 0), `apis.${name}.timeout must be above 0.`],
];

const isPlain = ({ search, hash, username, password }: URL): boolean => [search, hash, username, password].every((part) => part === '');

const isOrigin = (text: string): boolean => isSecureUrl(text) && new URL(text).origin === text;
