import { defaultPath, domainMatches, pathMatches } from './matching.js';
import { octets, type SameSite, type SetCookieLine } from './set-cookie-line.js';
import { isAddress } from './site.js';

/** A cookie as the jar keeps it. */
export interface StoredCookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string;
  /** Set without a Domain: it goes to this very host only. */
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  /** Undefined: none was named, which is treated as Lax. */
  readonly sameSite: SameSite | undefined;
  /** Milliseconds since the epoch. Undefined: until the browser is closed. */
  readonly expires: number | undefined;
}

/** Why a line was not taken. The step of RFC 6265bis §5.7 is in the code beside each. */
export type Rejection =
  | 'control-character'
  | 'nameless-and-empty'
  | 'over-4096-bytes'
  | 'foreign-domain'
  | 'public-suffix'
  | 'secure-from-insecure-origin'
  | 'httponly-by-script'
  | 'secure-cookie-in-the-way'
  | 'httponly-cookie-in-the-way'
  | 'samesite-from-cross-site'
  | 'samesite-none-without-secure'
  | 'secure-prefix'
  | 'host-prefix'
  | 'http-prefix'
  | 'host-http-prefix'
  | 'prefix-in-a-nameless-value';

/** Where a line came from. */
export interface Sender {
  readonly host: string;
  readonly path: string;
  /** Over https, or from this very machine where that counts as much. */
  readonly trustworthy: boolean;
  /** By `document.cookie`, not by a header. */
  readonly script: boolean;
  /** Cookies with SameSite may be set: the request was same-site, or a top-level navigation. */
  readonly sameSiteAllowed: boolean;
}

/** Octets of name and value. RFC 6265bis §5.7 step 4 */
const LARGEST_COOKIE = 4_096;

/** The cookie that a line makes, or why it makes none. RFC 6265bis §5.7, without what needs the other cookies (see `standsInTheWay`). */
export function admit(line: SetCookieLine, sender: Sender): StoredCookie | Rejection {
  if (line.name === '' && line.value === '') return 'nameless-and-empty'; // step 2
  if (octets(line.name) + octets(line.value) > LARGEST_COOKIE) return 'over-4096-bytes'; // step 4
  const domain = isPublicSuffix(line.domain) && line.domain === sender.host ? undefined : line.domain; // step 8
  if (isPublicSuffix(domain)) return 'public-suffix';
  if (domain !== undefined && !domainMatches(sender.host, domain)) return 'foreign-domain'; // step 9
  if (line.secure && !sender.trustworthy) return 'secure-from-insecure-origin'; // step 12
  if (line.httpOnly && sender.script) return 'httponly-by-script'; // step 14
  if (line.sameSite !== 'none' && !sender.sameSiteAllowed) return 'samesite-from-cross-site'; // step 17
  if (line.sameSite === 'none' && !line.secure) return 'samesite-none-without-secure'; // step 18
  const cookie = { ...line, domain: domain ?? sender.host, hostOnly: domain === undefined, path: line.path ?? defaultPath(sender.path) };
  return prefixFault(cookie, line.path !== undefined) ?? cookie;
}

/** Whether an older cookie forbids a new one. RFC 6265bis §5.7 steps 15 and 22 */
export function standsInTheWay(older: StoredCookie, newer: StoredCookie, sender: Sender): Rejection | undefined {
  if (older.name !== newer.name) return undefined;
  const shadows =
    (domainMatches(older.domain, newer.domain) || domainMatches(newer.domain, older.domain)) && pathMatches(newer.path, older.path);
  if (older.secure && !newer.secure && !sender.trustworthy && shadows) return 'secure-cookie-in-the-way';
  return older.httpOnly && sender.script && isSame(older, newer) ? 'httponly-cookie-in-the-way' : undefined;
}

/** Whether one takes the other's place. RFC 6265bis §5.7 step 22 */
export const isSame = (a: StoredCookie, b: StoredCookie): boolean =>
  a.name === b.name && a.domain === b.domain && a.hostOnly === b.hostOnly && a.path === b.path;

/** Without a list of public suffixes: what has no dot in it is one, which is that list's own last resort. */
const isPublicSuffix = (domain: string | undefined): boolean => domain !== undefined && !domain.includes('.') && !isAddress(domain);

/**
 * `__Secure-` and `__Host-`: RFC 6265bis §5.7 steps 19 to 21. `__Http-` and `__Host-Http-`: draft-ietf-httpbis-layered-cookies; the cookie was set by
 * a server, not by a script. Case does not matter, lest a server that ignores it be fooled.
 */
function prefixFault(cookie: StoredCookie, pathNamed: boolean): Rejection | undefined {
  const name = cookie.name.toLowerCase();
  if (name === '') return /^__(secure|host|http)-/i.test(cookie.value) ? 'prefix-in-a-nameless-value' : undefined;
  const bound = cookie.secure && cookie.hostOnly && pathNamed && cookie.path === '/';
  if (name.startsWith('__secure-')) return cookie.secure ? undefined : 'secure-prefix';
  if (name.startsWith('__http-')) return cookie.secure && cookie.httpOnly ? undefined : 'http-prefix';
  if (name.startsWith('__host-http-')) return bound && cookie.httpOnly ? undefined : 'host-http-prefix';
  if (name.startsWith('__host-')) return bound ? undefined : 'host-prefix';
  return undefined;
}
