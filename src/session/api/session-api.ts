import type { ApiOptions } from './api-options.js';

/** What gives the token: the session of the request. */
export interface TokenSource {
  accessToken(options?: { readonly force?: boolean }): Promise<string>;
  /** Milliseconds since the epoch. */
  readonly tokenReceivedAt: number;
}

/** RFC 9110 §7.6.1, and what a browser sent to this app and to nobody else. */
const NOT_PASSED_ON = [
  'connection',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'cookie',
  'host',
];
/** Milliseconds. An API that refuses everybody must not bring a refresh on each request. */
const YOUNG = 10_000;

/** An API of the app's choice, called with the session's access token: at its own address and by the methods that were configured, and nowhere else. */
export class SessionApi {
  constructor(
    private readonly api: ApiOptions,
    private readonly session: TokenSource,
    private readonly now: () => number,
  ) {}

  /**
   * As the platform's `fetch`, but that redirects are answers and the token goes along. A 401 is tried once more with a new token, where the body can be
   * sent again.
   *
   * @param path below the API's address
   * @throws TypeError: another address or method, before anything is sent; as `accessToken`
   */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const url = this.addressOf(path);
    const method = (init.method ?? 'GET').toUpperCase();
    if (!this.methods.includes(method)) throw new TypeError(`The API is not to be called by ${method}.`);
    const send = (token: string): Promise<Response> =>
      fetch(url.href, { ...init, method, headers: headersOf(init.headers, token), redirect: 'manual' });
    const answer = await send(await this.session.accessToken());
    if (answer.status !== 401 || !isRepeatable(init.body) || this.now() - this.session.tokenReceivedAt < YOUNG) return answer;
    await answer.body?.cancel();
    return send(await this.session.accessToken({ force: true }));
  }

  private get methods(): readonly string[] {
    return this.api.methods ?? ['GET', 'HEAD'];
  }

  /** @throws TypeError */
  private addressOf(path: string): URL {
    const base = new URL(this.api.url.endsWith('/') ? this.api.url : `${this.api.url}/`);
    const url = URL.canParse(path, base.href) ? new URL(path, base) : undefined;
    // The parser has taken dots and backslashes out; escaped ones might be undone by somebody behind.
    const inside = url?.origin === base.origin && url.pathname.startsWith(base.pathname) && !/%2e|%2f|%5c/i.test(url.pathname);
    if (!url || !inside || url.username !== '' || url.password !== '') throw new TypeError('The address is none of this API.');
    return url;
  }
}

function headersOf(given: RequestInit['headers'], token: string): Headers {
  const headers = new Headers(given);
  for (const name of NOT_PASSED_ON) headers.delete(name);
  headers.set('authorization', `Bearer ${token}`);
  return headers;
}

const isRepeatable = (body: RequestInit['body']): boolean =>
  body === undefined ||
  body === null ||
  typeof body === 'string' ||
  body instanceof URLSearchParams ||
  body instanceof FormData ||
  body instanceof Blob ||
  body instanceof ArrayBuffer ||
  ArrayBuffer.isView(body);
