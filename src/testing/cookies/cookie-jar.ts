import { isLoopback } from '../../protocol/loopback.js';
import { admit, isSame, standsInTheWay, type Rejection, type Sender, type StoredCookie } from './admission.js';
import { domainMatches, pathMatches } from './matching.js';
import { parseSetCookieLine } from './set-cookie-line.js';
import type { SiteRelation } from './site.js';

export interface CookieJarOptions {
  /** The time in milliseconds, for Max-Age and Expires. Default: `Date.now`. */
  readonly now?: () => number;
  /** Whether `http://localhost` and the like may set and get Secure cookies, as in Chromium and Firefox. Default: true. */
  readonly secureOnLoopback?: boolean;
  /** Cookies per host; more, and the least recently used go. Default: 180, as in Chromium (RFC 6265bis §6.1 asks for 50 at least). */
  readonly mostPerHost?: number;
}

/** What SameSite depends on. */
export interface RequestContext {
  /** How the target is related to the page that the request comes from. */
  readonly site: SiteRelation;
  /** Whether the address bar changes: a link, a form, a redirect of one of them. */
  readonly navigation: boolean;
  readonly method: string;
}

/** A line that was not taken. */
export interface RejectedLine {
  readonly url: string;
  readonly line: string;
  readonly reason: Rejection;
}

/** RFC 9110 §9.2.1. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
const SAME_ORIGIN: RequestContext = { site: 'same-origin', navigation: true, method: 'GET' };
const MOST_PER_HOST = 180;

/**
 * A browser's cookies, with a browser's rules: RFC 6265bis, and the prefixes `__Http-` and `__Host-Http-`. It knows no list of public suffixes: see
 * `siteOf`. A cookie without SameSite counts as Lax, without Chromium's two minutes of grace for POST.
 *
 * @example
 * jar.receive(url, response.headers.getSetCookie());
 * expect(jar.rejected).toEqual([]);
 */
export class CookieJar {
  /** The lines that were not taken, oldest first. */
  readonly rejected: RejectedLine[] = [];
  /** By age, the oldest first: what is replaced keeps its place (§5.7 step 22). */
  private stored: StoredCookie[] = [];
  private readonly lastUse = new WeakMap<StoredCookie, number>();
  private uses = 0;

  constructor(private readonly options: CookieJarOptions = {}) {}

  /** Takes the `Set-Cookie` lines of an answer, each on its own. RFC 6265bis §5.6, §5.7 */
  receive(url: string, lines: readonly string[], context: RequestContext = SAME_ORIGIN): void {
    for (const line of lines) this.take(url, line, { script: false, sameSiteAllowed: context.site !== 'cross-site' || context.navigation });
  }

  /** What `document.cookie = line` does on a page of this URL. RFC 6265bis §5.7 steps 14 and 22 */
  setByScript(url: string, line: string): void {
    this.take(url, line, { script: true, sameSiteAllowed: true });
  }

  /** The `Cookie` header of a request. Undefined: none is sent. RFC 6265bis §5.8.1 */
  cookieHeader(url: string, context: RequestContext = SAME_ORIGIN): string | undefined {
    const sent = this.cookies(url).filter((cookie) => isSent(cookie, context));
    for (const cookie of sent) this.lastUse.set(cookie, ++this.uses);
    return sent.length === 0 ? undefined : written(sent);
  }

  /** `document.cookie` on a page of this URL. RFC 6265bis §5.8.2 */
  visibleToScripts(url: string): string {
    return written(this.cookies(url).filter(({ httpOnly }) => !httpOnly));
  }

  /** The cookies a URL may get, whatever their SameSite, in the order they are sent in; without a URL, all. RFC 6265bis §5.8.3 */
  cookies(url?: string): readonly StoredCookie[] {
    this.evictExpired();
    if (url === undefined) return [...this.stored];
    const { hostname, pathname } = new URL(url);
    return this.stored
      .filter(({ domain, hostOnly }) => (hostOnly ? hostname === domain : domainMatches(hostname, domain)))
      .filter(({ path, secure }) => pathMatches(pathname, path) && (!secure || this.isTrustworthy(url)))
      .sort((a, b) => b.path.length - a.path.length);
  }

  /** The first cookie of that name that a URL may get. */
  get(url: string, name: string): StoredCookie | undefined {
    return this.cookies(url).find((cookie) => cookie.name === name);
  }

  /**
   * Changes values behind all rules' back, as a person can with the developer tools. What the change returns undefined for is taken out.
   * @returns how many were changed
   */
  tamper(change: (cookie: StoredCookie) => string | undefined): number {
    const before = this.cookies();
    this.stored = before.flatMap((cookie) => {
      const value = change(cookie);
      return value === undefined ? [] : value === cookie.value ? [cookie] : [{ ...cookie, value }];
    });
    return before.filter((cookie) => !this.stored.includes(cookie)).length;
  }

  /** A jar of its own with the same cookies: what a thief, or an answer that overtook another, would have. */
  copy(): CookieJar {
    const copy = new CookieJar(this.options);
    copy.stored = [...this.cookies()];
    return copy;
  }

  /** Forgets the cookies. With 'session-cookies', only those without an expiry: the browser was closed. */
  clear(which: 'all' | 'session-cookies' = 'all'): void {
    this.stored = which === 'all' ? [] : this.stored.filter(({ expires }) => expires !== undefined);
  }

  private take(url: string, line: string, by: Pick<Sender, 'script' | 'sameSiteAllowed'>): void {
    const { hostname, pathname } = new URL(url);
    const sender: Sender = { host: hostname, path: pathname, trustworthy: this.isTrustworthy(url), ...by };
    this.evictExpired();
    const parsed = parseSetCookieLine(line, this.now());
    const cookie = parsed === undefined ? 'control-character' : admit(parsed, sender);
    if (typeof cookie === 'string') return void this.rejected.push({ url, line, reason: cookie });
    const obstacle = this.stored.map((older) => standsInTheWay(older, cookie, sender)).find((found) => found !== undefined);
    if (obstacle !== undefined) return void this.rejected.push({ url, line, reason: obstacle });
    this.store(cookie);
  }

  private store(cookie: StoredCookie): void {
    this.lastUse.set(cookie, ++this.uses);
    const place = this.stored.findIndex((older) => isSame(older, cookie));
    if (place === -1) this.stored.push(cookie);
    else this.stored[place] = cookie;
    this.evictExpired();
    const ofHost = this.stored.filter(({ domain }) => domain === cookie.domain);
    const excess = ofHost.length - (this.options.mostPerHost ?? MOST_PER_HOST);
    // §5.7: those that are not Secure go first.
    const leaving = ofHost
      .sort((a, b) => Number(a.secure) - Number(b.secure) || this.useOf(a) - this.useOf(b))
      .slice(0, Math.max(0, excess));
    this.stored = this.stored.filter((one) => !leaving.includes(one));
  }

  private evictExpired(): void {
    this.stored = this.stored.filter(({ expires }) => expires === undefined || expires > this.now());
  }

  private useOf(cookie: StoredCookie): number {
    return this.lastUse.get(cookie) ?? 0;
  }

  private isTrustworthy(url: string): boolean {
    const { protocol, hostname } = new URL(url);
    return protocol === 'https:' || protocol === 'wss:' || ((this.options.secureOnLoopback ?? true) && isLoopback(hostname));
  }

  private now(): number {
    return (this.options.now ?? Date.now)();
  }
}

/** RFC 6265bis §5.8.3 step 1, §5.6.7.1. */
const isSent = ({ sameSite }: StoredCookie, { site, navigation, method }: RequestContext): boolean =>
  site !== 'cross-site' || sameSite === 'none' || (sameSite !== 'strict' && navigation && SAFE.has(method.toUpperCase()));

/** §5.8.1: a cookie without a name is its value alone. */
const written = (cookies: readonly StoredCookie[]): string =>
  cookies.map(({ name, value }) => (name === '' ? value : `${name}=${value}`)).join('; ');
