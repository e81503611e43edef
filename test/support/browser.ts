import { parseSetCookie } from 'cookie';

/** A page as a browser without scripts sees it. */
export interface Page {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
}

type Fields = Readonly<Record<string, string>>;

const MOST_REDIRECTS = 10;

/**
 * A browser for tests over HTTP: keeps cookies, follows redirects on the service's own addresses, fills in and sends forms. Everything it asks of the
 * issuer's origin goes to the service under test; an address of another origin is where it stops, as a client's redirect URI would be.
 */
export class Browser {
  readonly cookies = new Map<string, string>();
  /** What it sends with every request. */
  headers: Record<string, string> = {};

  constructor(
    /** Where the service listens. */
    private readonly service: string,
    /** What the service calls itself. */
    private readonly issuer: string,
  ) {}

  /** Opens an address of ours, or follows a link. Stops at a foreign address without asking it: the page then has status 0. */
  get(url: string): Promise<Page> {
    return this.follow({ url: this.absolute(url), method: 'GET' });
  }

  /** Sends the page's form as if the person had filled in these fields and pressed that button. */
  async submit(page: Page, fields: Fields = {}, headers: Record<string, string> = {}): Promise<Page> {
    const form = formOf(page);
    return this.post(
      form.action,
      { ...form.fields, ...fields },
      { origin: new URL(page.url).origin, 'sec-fetch-site': 'same-origin', ...headers },
    );
  }

  /** Sends a form that no page offered. */
  post(url: string, fields: Fields, headers: Record<string, string> = {}): Promise<Page> {
    return this.follow({ url: this.absolute(url), method: 'POST', body: new URLSearchParams(fields).toString(), headers });
  }

  /** One request, and no redirect followed. */
  async request(url: string, init: RequestInit = {}): Promise<Response> {
    const target = this.absolute(url);
    const response = await this.exchange(this.service + target.slice(new URL(this.issuer).origin.length), {
      ...init,
      redirect: 'manual',
      headers: {
        ...this.headers,
        ...(this.cookies.size > 0 && { cookie: this.cookieHeader() }),
        ...(init.headers as Record<string, string>),
      },
    });
    for (const line of response.headers.getSetCookie()) {
      const { name, value, maxAge } = parseSetCookie(line);
      if (maxAge === 0) this.cookies.delete(name);
      else if (value !== undefined) this.cookies.set(name, value);
    }
    return response;
  }

  protected exchange(url: string, init: RequestInit): Promise<Response> {
    return fetch(url, init);
  }

  private async follow(step: { url: string; method: string; body?: string; headers?: Record<string, string> }): Promise<Page> {
    let { url } = step;
    let init: RequestInit = {
      method: step.method,
      ...(step.body !== undefined && {
        body: step.body,
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...step.headers },
      }),
    };
    for (let hops = 0; hops < MOST_REDIRECTS; hops++) {
      if (new URL(url).origin !== new URL(this.issuer).origin) return { url, status: 0, headers: new Headers(), html: '' };
      const response = await this.request(url, init);
      const location = response.headers.get('location');
      if (location === null) return { url, status: response.status, headers: response.headers, html: await response.text() };
      await response.body?.cancel();
      url = new URL(location, url).href;
      init = {};
    }
    throw new Error(`Too many redirects, the last to ${url}`);
  }

  private absolute(url: string): string {
    return new URL(url, this.issuer).href;
  }

  private cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }
}

/** The page's form: where it goes, and its hidden fields. */
export function formOf({ html, url }: Page): { action: string; fields: Record<string, string> } {
  const action = /<form[^>]*\baction="([^"]*)"/.exec(html)?.[1];
  if (action === undefined) throw new Error(`There is no form on ${url}:\n${html.slice(0, 2000)}`);
  const fields: Record<string, string> = {};
  for (const [tag] of html.matchAll(/<input\b[^>]*>/g)) {
    const attribute = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1];
    const name = attribute('name');
    if (attribute('type') === 'hidden' && name !== undefined) fields[name] = unescaped(attribute('value') ?? '');
  }
  return { action: new URL(unescaped(action), url).href, fields };
}

const unescaped = (text: string): string =>
  text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
