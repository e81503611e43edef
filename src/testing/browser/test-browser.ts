import { CookieJar, type RequestContext } from '../cookies/cookie-jar.js';
import { relation } from '../cookies/site.js';
import { exchange } from './exchange.js';
import { formOf, immediateRefresh, type Page } from './page.js';
import { fetchHeaders, navigationHeaders, siteOfChain, type Initiator } from './request-headers.js';

export type Fields = Readonly<Record<string, string>>;

export interface TestBrowserOptions {
  /** Browsers that share a jar are tabs of one. Default: a jar of its own. */
  readonly jar?: CookieJar;
  /** Where the servers of origins really listen, as with `--host-resolver-rules`: `{ 'https://app.example.com': 'http://127.0.0.1:4000' }`. */
  readonly hosts?: Readonly<Record<string, string>>;
  /**
   * Whether a navigation that passed through another site loses Strict cookies even if it started on the cookie's own. Chromium looks at the start
   * only. Default: false.
   */
  readonly strictThroughRedirects?: boolean;
}

/** Of a script's request. */
export interface FetchInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** Whether cookies go along, and are taken. Default: `same-origin`, as in browsers. */
  readonly credentials?: 'omit' | 'same-origin' | 'include';
}

/** What pages of another place make the browser do. */
export interface OtherPlace {
  /** A link that the person follows. */
  navigate(url: string): Promise<Page>;
  /** A form that posts. */
  post(url: string, fields?: Fields): Promise<Page>;
  /**
   * A script's request with cookies, as far as SameSite lets them. Sent even where a browser would ask by a preflight first: a server that refuses it
   * does not depend on the browser.
   */
  fetch(url: string, init?: FetchInit): Promise<Response>;
}

interface Step {
  readonly url: string;
  readonly initiator: Initiator;
  readonly byPerson: boolean;
  readonly method?: string;
  readonly body?: string;
}

const MOST_HOPS = 20;
const FORM = 'application/x-www-form-urlencoded';

/**
 * A browser without scripts, for tests over HTTP: it keeps cookies by a browser's rules, follows redirects and immediate `<meta>` refreshes, sends
 * forms, and sets `Sec-Fetch-*` and `Origin` as Chromium does. It speaks http only; see `hosts` for https.
 *
 * @example
 * const browser = new TestBrowser();
 * await browser.navigate('http://localhost:4000/orders');
 * expect((await browser.xhr('/api/orders')).status).toBe(200);
 */
export class TestBrowser {
  readonly jar: CookieJar;
  /** Where the last navigation ended. */
  page: Page | undefined;

  constructor(private readonly options: TestBrowserOptions = {}) {
    this.jar = options.jar ?? new CookieJar();
  }

  /** Types an address in. */
  async navigate(url: string): Promise<Page> {
    return this.follow({ url: this.absolute(url), initiator: { url: undefined }, byPerson: true });
  }

  /** Follows a link on the present page. */
  async click(href: string): Promise<Page> {
    return this.follow({ url: this.absolute(href), initiator: this.here(), byPerson: true });
  }

  /** Sends a form of the present page: the one with that action, or the first. */
  async submit(fields: Fields = {}, action?: string): Promise<Page> {
    const form = formOf(this.present(), action);
    const body = new URLSearchParams({ ...form.fields, ...fields }).toString();
    const step = { initiator: this.here(), byPerson: true };
    if (form.method === 'POST') return this.follow({ ...step, url: form.action, method: 'POST', body });
    const url = new URL(form.action);
    url.search = body; // HTML §4.10.22.3: "mutate action URL"
    return this.follow({ ...step, url: url.href });
  }

  /** `fetch` of a script on the present page. Redirects are not followed: they are the answer. */
  async xhr(path: string, init: FetchInit = {}): Promise<Response> {
    const url = this.absolute(path);
    return this.fetch(url, init, this.page === undefined ? { url } : this.here());
  }

  /** Pages of another place, in this browser. A neighbour of the app under the same domain is same-site: what is "other" is yours to choose. */
  crossSite(origin = 'http://other.example'): OtherPlace {
    const initiator = { url: `${new URL(origin).origin}/` };
    return {
      navigate: (url) => this.follow({ url, initiator, byPerson: true }),
      post: (url, fields = {}) =>
        this.follow({ url, initiator, byPerson: true, method: 'POST', body: new URLSearchParams(fields).toString() }),
      fetch: (url, init = {}) => this.fetch(url, { credentials: 'include', ...init }, initiator),
    };
  }

  private async follow(start: Step): Promise<Page> {
    const visited: string[] = [];
    let step = start;
    let chain: readonly string[] = [];
    while (visited.length < MOST_HOPS) {
      chain = [...chain, step.url];
      visited.push(step.url);
      const response = await this.request(step, chain);
      const location = response.headers.get('location');
      if (location !== null && [301, 302, 303, 307, 308].includes(response.status)) {
        await response.body?.cancel();
        step = redirected(step, response.status, new URL(location, step.url).href);
        continue;
      }
      const page = { url: step.url, status: response.status, headers: response.headers, body: await response.text(), visited };
      this.page = page;
      const refresh = immediateRefresh(page);
      if (refresh === undefined) return page;
      // A navigation of its own, started by the page it was on: this is how a callback brings Strict cookies along.
      step = { url: refresh, initiator: this.here(), byPerson: false };
      chain = [];
    }
    throw new Error(`Too many redirects: ${visited.join(' → ')}`);
  }

  private async request({ url, initiator, byPerson, method = 'GET', body }: Step, chain: readonly string[]): Promise<Response> {
    const hop = { initiator, chain, method };
    const site = this.options.strictThroughRedirects ? siteOfChain(hop) : relation(initiator.url ?? url, url);
    const context: RequestContext = { site: site === 'none' ? 'same-origin' : site, navigation: true, method };
    const headers = { ...navigationHeaders(hop, byPerson), ...(body !== undefined && { 'content-type': FORM }) };
    return this.send(url, { method, headers, ...(body !== undefined && { body }) }, context);
  }

  private fetch(url: string, init: FetchInit, initiator: Initiator): Promise<Response> {
    const method = (init.method ?? 'GET').toUpperCase();
    const site = relation(initiator.url ?? url, url);
    const credentials = init.credentials ?? 'same-origin';
    const withCookies = credentials === 'include' || (credentials === 'same-origin' && site === 'same-origin');
    const text: Fields = init.body === undefined ? {} : { 'content-type': 'text/plain;charset=UTF-8' };
    const headers = { ...fetchHeaders({ initiator, chain: [url], method }), ...text, ...lowerCased(init.headers) };
    return this.send(url, { ...init, method, headers }, withCookies ? { site, navigation: false, method } : undefined);
  }

  /** @param context undefined: without cookies */
  private async send(url: string, init: FetchInit & { readonly method: string }, context: RequestContext | undefined): Promise<Response> {
    const cookie = context && this.jar.cookieHeader(url, context);
    const headers = { ...init.headers, ...(cookie !== undefined && { cookie }) };
    const { method, body, signal } = init;
    const response = await exchange({ url, method, headers, body, signal, hosts: this.options.hosts ?? {} });
    if (context) this.jar.receive(url, response.headers.getSetCookie(), context);
    return response;
  }

  private here(): Initiator {
    const { url, headers } = this.present();
    return { url, referrerPolicy: headers.get('referrer-policy')?.split(',').at(-1)?.trim().toLowerCase() };
  }

  private present(): Page {
    if (this.page === undefined) throw new Error('The browser is on no page yet.');
    return this.page;
  }

  private absolute(url: string): string {
    return new URL(url, this.page?.url).href;
  }
}

/** Fetch §4.4 steps 11 and 12: a POST becomes a GET, but for 307 and 308. */
function redirected({ method = 'GET', body, ...step }: Step, status: number, url: string): Step {
  const asGet = (status === 303 && method !== 'HEAD') || ((status === 301 || status === 302) && method === 'POST');
  return asGet ? { ...step, url } : { ...step, url, method, ...(body !== undefined && { body }) };
}

const lowerCased = (headers: Fields = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
