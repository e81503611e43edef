import type { OidcOptions, RefreshOptions, ResolvedSessionOptions, SessionOptions } from './session.options.js';
import { sessionFaults, type SessionDatabase } from './session-faults.js';

/** Fills in the defaults. @throws Error that names every fault at once, each with what to change */
export function resolveSessionOptions(
  options: SessionOptions,
  path: string,
  database: SessionDatabase | undefined,
): ResolvedSessionOptions {
  // From an environment that does not have it, undefined comes in spite of the types: a fault like others.
  const { refresh, session, cookie, oidc = {} as Partial<OidcOptions>, keys, skip, apis } = options as Partial<SessionOptions>;
  const secure = String(options.baseUrl).startsWith('https:');
  const resolved: ResolvedSessionOptions = {
    baseUrl: String(options.baseUrl),
    secure,
    store: options.store ?? 'cookie',
    oidc: { ...oidc, issuer: String(oidc.issuer), clientId: oidc.clientId ?? '', scope: oidc.scope ?? 'openid profile offline_access' },
    keys: listOf(keys).map(bytesOf),
    apis: Object.fromEntries(Object.entries(apis ?? {}).map(([name, api]) => [name, api ?? { url: '' }])),
    refreshes: refresh !== false,
    refresh: refreshing(refresh === false ? {} : (refresh ?? {})),
    session: { idle: session?.idle ?? 8 * 3_600, absolute: session?.absolute ?? 24 * 3_600 },
    cookie: { name: cookie?.name ?? (secure ? '__Host-Http-session' : 'session'), sameSite: cookie?.sameSite ?? 'strict' },
    csrf: options.csrf ?? 'header',
    skip: listOf(skip),
    path,
    hooks: options.hooks ?? {},
  };
  const faults = sessionFaults(resolved, options.processes ?? 1, database);
  if (faults.length > 0) throw new Error(['The session options cannot work:', ...faults.map((fault) => `- ${fault}`)].join('\n'));
  return resolved;
}

const refreshing = ({ before, leeway, timeout, outageGrace, onReplay }: RefreshOptions): Required<RefreshOptions> => ({
  before: before ?? 60,
  leeway: leeway ?? 30,
  timeout: timeout ?? 5,
  outageGrace: outageGrace ?? 0,
  onReplay: onReplay ?? 'reject',
});

/** What is no list, where nobody looks at types, counts as its only element. */
const listOf = <T>(list: readonly T[] | undefined): readonly T[] =>
  list === undefined || Array.isArray(list) ? (list ?? []) : [list as T];

/** Nothing, where it is neither bytes nor base64: a passphrase would be read as some bytes of it. */
function bytesOf(key: unknown): Buffer {
  if (key instanceof Uint8Array) return Buffer.from(key);
  return Buffer.from(/^[\w+/-]+={0,2}$/.test(String(key)) ? String(key) : '', 'base64');
}
