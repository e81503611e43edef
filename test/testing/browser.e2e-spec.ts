import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CookieJar, TestBrowser, type RequestContext } from '../../src/testing/index.js';

const HTTPS = 'https://app.example.com/';
const HTTP = 'http://app.example.com/';
const LOOPBACK = 'http://localhost:4000/';
const DAY = 86_400_000;
const NOW = Date.UTC(2026, 0, 15);

const LINK: RequestContext = { site: 'cross-site', navigation: true, method: 'GET' };
const SCRIPT: RequestContext = { site: 'cross-site', navigation: false, method: 'GET' };
const SAME_SITE_SCRIPT: RequestContext = { site: 'same-site', navigation: false, method: 'POST' };

let now: number;
let jar: CookieJar;
beforeEach(() => {
  now = NOW;
  jar = new CookieJar({ now: () => now });
});

describe('Which lines are taken (RFC 6265bis)', () => {
  const big = (size: number) => 'x'.repeat(size);

  it.each<[string, string, string, string | undefined]>([
    ['§5.6 a control character', HTTPS, 'a=b\u0001c', 'control-character'],
    ['§5.6 a tab is none', HTTPS, 'a=b\tc', undefined],
    ['§5.7 step 2: neither name nor value', HTTPS, '; Secure', 'nameless-and-empty'],
    ['§5.7 step 4: 4096 bytes of name and value', HTTPS, `ab=${big(4094)}; Path=/; Secure; HttpOnly`, undefined],
    ['§5.7 step 4: 4097', HTTPS, `ab=${big(4095)}`, 'over-4096-bytes'],
    ['§5.7 step 4: bytes, not characters', HTTPS, `a=${'€'.repeat(1366)}`, 'over-4096-bytes'],
    ['§5.7 step 8: a public suffix', HTTPS, 'a=b; Domain=com', 'public-suffix'],
    ['§5.7 step 8: a host that is one, for itself', LOOPBACK, 'a=b; Domain=localhost', undefined],
    ['§5.7 step 9: its own domain', HTTPS, 'a=b; Domain=.Example.com', undefined],
    ['§5.7 step 9: another domain', HTTPS, 'a=b; Domain=other.example', 'foreign-domain'],
    ['§5.7 step 9: a subdomain', 'https://example.com/', 'a=b; Domain=app.example.com', 'foreign-domain'],
    ['§5.1.3 the end of the name is not enough', 'https://badexample.com/', 'a=b; Domain=example.com', 'foreign-domain'],
    ['§5.1.3 part of an address', 'http://127.0.0.1/', 'a=b; Domain=0.0.1', 'foreign-domain'],
    ['§5.7 step 12: Secure over http', HTTP, 'a=b; Secure', 'secure-from-insecure-origin'],
    ['§5.7 step 12: Secure from this machine', LOOPBACK, 'a=b; Secure', undefined],
    ['§5.7 step 18: None without Secure', HTTPS, 'a=b; SameSite=None', 'samesite-none-without-secure'],
    ['§5.7 step 19: __Secure-', HTTPS, '__Secure-a=b; Secure', undefined],
    ['§5.7 step 19: __Secure- without Secure', HTTPS, '__Secure-a=b', 'secure-prefix'],
    ['§5.7 step 20: __Host-', HTTPS, '__Host-a=b; Secure; Path=/', undefined],
    ['§5.7 step 20: __Host- with a domain', HTTPS, '__Host-a=b; Secure; Path=/; Domain=app.example.com', 'host-prefix'],
    ['§5.7 step 20: __Host- with another path', HTTPS, '__Host-a=b; Secure; Path=/x', 'host-prefix'],
    ['§5.7 step 20: __Host- with no path', HTTPS, '__Host-a=b; Secure', 'host-prefix'],
    ['§5.7 step 20: __Host- without Secure, in capitals', HTTPS, '__HOST-a=b; Path=/', 'host-prefix'],
    ['§5.7 step 21: a prefix without a name', HTTPS, '=__Host-a=b; Secure; Path=/', 'prefix-in-a-nameless-value'],
    ['layered-cookies: __Http-', HTTPS, '__Http-a=b; Secure; HttpOnly', undefined],
    ['layered-cookies: __Http- without HttpOnly', HTTPS, '__Http-a=b; Secure', 'http-prefix'],
    ['layered-cookies: __Host-Http-', HTTPS, '__Host-Http-a=b; Secure; HttpOnly; Path=/', undefined],
    ['layered-cookies: __Host-Http- without HttpOnly', HTTPS, '__Host-Http-a=b; Secure; Path=/', 'host-http-prefix'],
    ['layered-cookies: __Host-Http- with a path', HTTPS, '__Host-Http-a=b; Secure; HttpOnly; Path=/x', 'host-http-prefix'],
  ])('%s', (_name, url, line, reason) => {
    jar.receive(url, [line]);
    expect(jar.rejected).toEqual(reason === undefined ? [] : [{ url, line, reason }]);
    expect(jar.cookies()).toHaveLength(reason === undefined ? 1 : 0);
  });

  it('§5.7 step 12: Secure from this machine is not taken if the jar says so', () => {
    const strict = new CookieJar({ secureOnLoopback: false });
    strict.receive(LOOPBACK, ['a=b; Secure']);
    expect(strict.rejected).toMatchObject([{ reason: 'secure-from-insecure-origin' }]);
  });

  it('§5.7 step 15: what is Secure is not overwritten, nor hidden, by what is not', () => {
    jar.receive(HTTPS, ['a=secure; Secure; Domain=example.com; Path=/in']);
    jar.receive(HTTP, ['a=1; Path=/in/side', 'a=2; Domain=example.com; Path=/in', 'a=3; Path=/', 'b=4; Path=/in']);
    expect(jar.rejected.map(({ line }) => line.slice(0, 3))).toEqual(['a=1', 'a=2']);
    expect(jar.cookieHeader(`${HTTPS}in/side`)).toBe('a=secure; b=4; a=3');
  });

  it('§5.7 steps 14 and 22: scripts neither make nor overwrite what is HttpOnly', () => {
    jar.receive(HTTPS, ['a=1; HttpOnly', 'b=1']);
    for (const line of ['a=2', 'b=2', 'c=2; HttpOnly', '__Http-d=2; Secure']) jar.setByScript(HTTPS, line);
    expect(jar.rejected.map(({ reason }) => reason)).toEqual(['httponly-cookie-in-the-way', 'httponly-by-script', 'http-prefix']);
    expect(jar.cookieHeader(HTTPS)).toBe('a=1; b=2');
    expect(jar.visibleToScripts(HTTPS)).toBe('b=2');
  });

  it('§5.7 step 17: on a cross-site request only None is, unless it is a navigation', () => {
    const lines = ['s=1; SameSite=Strict', 'l=1; SameSite=Lax', 'd=1', 'n=1; SameSite=None; Secure'];
    jar.receive(HTTPS, lines, SCRIPT);
    expect(jar.rejected.map(({ reason }) => reason)).toEqual(Array(3).fill('samesite-from-cross-site'));
    jar.receive(HTTPS, lines, LINK);
    expect(jar.cookies()).toHaveLength(4);
  });

  it('§6.1: 180 for a host; what is not Secure, then what was not used for longest, goes', () => {
    jar.receive(HTTPS, [...Array.from({ length: 179 }, (_, index) => `c${index}=1; Secure`), 'plain=1']);
    jar.receive('https://other.example/', ['other=1']);
    jar.cookieHeader(HTTPS);
    jar.receive(HTTPS, ['c180=1; Secure', 'c181=1; Secure']);
    expect(jar.cookies(HTTPS)).toHaveLength(180);
    expect(['plain', 'c0', 'c1', 'c181'].map((name) => jar.get(HTTPS, name)?.name)).toEqual([undefined, undefined, 'c1', 'c181']);
    expect(jar.get('https://other.example/', 'other')).toBeDefined();
  });
});

describe('What is sent where (RFC 6265bis §5.8.3)', () => {
  it.each<[string, string, string, string, boolean]>([
    ['§5.7 step 9: without a domain, to this very host', HTTPS, 'a=b', 'https://sub.app.example.com/', false],
    ['§5.1.3: with one, below it', HTTPS, 'a=b; Domain=example.com', 'https://other.example.com/', true],
    ['§5.8.3: whatever the port', LOOPBACK, 'a=b', 'http://localhost:5000/', true],
    ['§5.8.3: Secure over https', HTTPS, 'a=b; Secure', HTTPS, true],
    ['§5.8.3: Secure not over http', HTTPS, 'a=b; Secure', HTTP, false],
    ['§5.1.4: the same path', HTTPS, 'a=b; Path=/in', `${HTTPS}in`, true],
    ['§5.1.4: below it', HTTPS, 'a=b; Path=/in', `${HTTPS}in/side`, true],
    ['§5.1.4: not beside it', HTTPS, 'a=b; Path=/in', `${HTTPS}inside`, false],
    ['§5.1.4: by default the folder', `${HTTPS}folder/page`, 'a=b', `${HTTPS}folder/other`, true],
    ['§5.1.4: by default not above it', `${HTTPS}folder/page`, 'a=b', HTTPS, false],
    ['§5.6.4: a path without a slash counts as none', `${HTTPS}folder/page`, 'a=b; Path=other', `${HTTPS}folder/`, true],
    ['§5.6: an attribute of 1025 bytes counts as none', HTTPS, `a=b; Path=/${'x'.repeat(1024)}`, HTTPS, true],
    ['§5.6: one of 1024 counts', HTTPS, `a=b; Path=/${'x'.repeat(1023)}`, HTTPS, false],
    ['§5.6: the last of a name wins', HTTPS, 'a=b; Path=/x; Path=/', HTTPS, true],
  ])('%s', (_name, from, line, to, sent) => {
    jar.receive(from, [line]);
    expect(jar.rejected).toEqual([]);
    expect(jar.cookieHeader(to)).toBe(sent ? 'a=b' : undefined);
  });

  it.each<[string, RequestContext, string]>([
    ['from the same origin', { site: 'same-origin', navigation: false, method: 'POST' }, 'sldn'],
    ['from the same site', SAME_SITE_SCRIPT, 'sldn'],
    ['by a link elsewhere', LINK, 'ldn'],
    ['by a form elsewhere that posts', { ...LINK, method: 'POST' }, 'n'],
    ['by a script elsewhere', SCRIPT, 'n'],
  ])('§5.6.7.1: SameSite, %s', (_name, context, expected) => {
    jar.receive(HTTPS, ['s=1; SameSite=Strict', 'l=1; SameSite=Lax', 'd=1; SameSite=other', 'n=1; SameSite=None; Secure']);
    expect(jar.cookieHeader(HTTPS, context)?.replace(/=1(; )?/g, '')).toBe(expected);
  });

  it('§5.8.3 step 2: long paths first, then old ones; what is replaced keeps its place', () => {
    jar.receive(`${HTTPS}in/side`, ['a=1; Path=/', 'b=1; Path=/', 'c=1; Path=/in', '=nameless; Path=/', 'a=2; Path=/']);
    expect(jar.cookieHeader(`${HTTPS}in/side`)).toBe('c=1; a=2; b=1; nameless');
  });

  it.each<[string, string, number | undefined]>([
    ['§5.6.2: Max-Age', 'Max-Age=60', 60_000],
    ['§5.6.2: Max-Age wins over Expires', 'Max-Age=60; Expires=Thu, 15 Jan 2026 01:00:00 GMT', 60_000],
    ['§5.6.2: a Max-Age that is no number counts as none', 'Max-Age=6x; Expires=Thu, 15 Jan 2026 01:00:00 GMT', 3_600_000],
    ['§5.1.1: other ways to write a date', 'Expires=Thursday, 15-Jan-26 01:00:00 GMT', 3_600_000],
    ['§5.1.1: there is no 30 February', 'Expires=Mon, 30 Feb 2026 01:00:00 GMT', undefined],
    ['§5.5: 400 days at most', 'Max-Age=99999999', 400 * DAY],
    ['§5.7: neither: until the browser is closed', '', undefined],
  ])('%s', (_name, attributes, life) => {
    jar.receive(HTTPS, [`a=b; ${attributes}`]);
    now = NOW + (life ?? 1000 * DAY) - 1;
    expect(jar.cookieHeader(HTTPS)).toBe('a=b');
    now++;
    expect(jar.cookieHeader(HTTPS)).toBe(life === undefined ? 'a=b' : undefined);
    jar.clear('session-cookies');
    expect(jar.cookies()).toEqual([]);
  });

  it('§5.7 step 22: taken away by one that has expired, of the same path only', () => {
    jar.receive(HTTPS, ['a=1; Path=/', 'a=1; Path=/x', 'b=1', 'a=; Path=/; Max-Age=0', 'b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT']);
    expect(jar.cookies()).toMatchObject([{ name: 'a', path: '/x' }]);
  });

  it('can be copied and tampered with', () => {
    jar.receive(HTTPS, ['a=1', 'b=1', 'c=1']);
    const copy = jar.copy();
    expect(jar.tamper(({ name, value }) => (name === 'a' ? undefined : name === 'b' ? '2' : value))).toBe(2);
    expect([jar.cookieHeader(HTTPS), copy.cookieHeader(HTTPS)]).toEqual(['b=2; c=1', 'a=1; b=1; c=1']);
  });
});

describe('TestBrowser', () => {
  /** `localhost` is the app, `127.0.0.1` on the same port the provider: another site. */
  let server: Server;
  let app: string;
  let provider: string;
  let browser: TestBrowser;
  /** What arrived, in order. */
  let seen: { url: string; method: string; headers: IncomingMessage['headers']; body: string }[];
  const routes: Record<string, (response: ServerResponse) => unknown> = {};

  const to =
    (location: string, status = 302) =>
    (response: ServerResponse) =>
      response.writeHead(status, { location }).end();
  const html =
    (body: string, headers = {}) =>
    (response: ServerResponse) =>
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(body);
  const last = () => seen.at(-1)?.headers ?? {};
  const metadata = () => ['site', 'mode', 'dest', 'user'].map((name) => last()[`sec-fetch-${name}`]);

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        seen.push({ url: request.url ?? '', method: request.method ?? '', headers: request.headers, body });
        (routes[new URL(request.url ?? '', app).pathname] ?? html(''))(response);
      });
    });
    server.listen(0); // of both families: whatever localhost is
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    [app, provider] = [`http://localhost:${port}`, `http://127.0.0.1:${port}`];
    routes['/login'] = to(`${provider}/authorize`);
    routes['/authorize'] = to(`${app}/callback`);
    routes['/callback'] = (response) => {
      response.setHeader('set-cookie', ['strict=new; Path=/; SameSite=Strict', '__Host-Http-s=1; Path=/; Secure; HttpOnly']);
      html(`<meta http-equiv="Refresh" content="0; url='/home?a=1&amp;b=2'">`)(response);
    };
    routes['/form'] = html(
      `<form method=post action="/other"></form>
       <form action='/search?gone=1'><input name=q value="a&amp;b"><input type="checkbox" name="no"><input type=submit name=go></form>`,
    );
    routes['/private-form'] = html('<form method="post"><input type="hidden" name="a" value="1"></form>', {
      'referrer-policy': 'no-referrer',
    });
    routes['/provider-form'] = html('<form method="post" action="/authorize"></form>');
    for (const status of [301, 303, 307]) routes[`/moved-${status}`] = to('/end', status);
    routes['/handed-on'] = to(`${app}/end`, 307);
    routes['/round'] = to('/round');
    routes['/late'] = html('<meta http-equiv="refresh" content="5; url=/home">');
  });
  afterAll(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  beforeEach(() => {
    seen = [];
    browser = new TestBrowser();
    browser.jar.receive(app, ['strict=1; Path=/; SameSite=Strict', 'lax=1; Path=/; SameSite=Lax', 'none=1; Path=/; SameSite=None; Secure']);
  });

  it('signs in over another site, and is signed in after the refresh of the callback', async () => {
    await browser.navigate(`${app}/provider-form`);
    await browser.click('/login');
    expect(seen.map(({ headers }) => headers['sec-fetch-site'])).toEqual([
      'none',
      'same-origin',
      'cross-site',
      'cross-site',
      'same-origin',
    ]);
    expect(browser.page?.url).toBe(`${app}/home?a=1&b=2`);
    expect(browser.page?.visited).toHaveLength(4);
    expect(metadata()).toEqual(['same-origin', 'navigate', 'document', undefined]);
    expect(last().cookie).toBe('strict=new; lax=1; none=1; __Host-Http-s=1');
    expect(last().origin).toBeUndefined();
  });

  it('does not send Strict cookies along a chain that another site started, and does after it', async () => {
    await browser.navigate(`${provider}/provider-form`);
    await browser.submit();
    const [, authorize, callback, home] = seen;
    expect([authorize?.method, authorize?.headers.origin, authorize?.headers.cookie]).toEqual(['POST', provider, undefined]);
    expect([callback?.method, callback?.headers.cookie]).toEqual(['GET', 'lax=1; none=1']);
    expect(home?.headers.cookie).toContain('strict=new');
  });

  it('looks at the start of the chain only, unless told to be strict', async () => {
    await browser.navigate(`${app}/home`);
    await browser.click('/login');
    expect(seen[3]?.headers.cookie).toContain('strict=1');
    browser = new TestBrowser({ jar: browser.jar, strictThroughRedirects: true });
    await browser.navigate(`${app}/home`);
    await browser.click('/login');
    expect(seen.filter(({ url }) => url === '/callback').map(({ headers }) => headers.cookie?.includes('strict'))).toEqual([true, false]);
  });

  it('types an address in: nobody is the initiator, and all cookies go along', async () => {
    await browser.navigate(`${app}/home#part`);
    expect(metadata()).toEqual(['none', 'navigate', 'document', '?1']);
    expect(last().cookie).toBe('strict=1; lax=1; none=1');
    expect([browser.page?.url, seen[0]?.url]).toEqual([`${app}/home#part`, '/home']);
  });

  it('sends forms', async () => {
    await browser.navigate(`${app}/form`);
    await browser.submit({ more: 'ü' }, '/search?gone=1');
    expect(seen.at(-1)).toMatchObject({ method: 'GET', url: '/search?q=a%26b&more=%C3%BC' });
    await browser.navigate(`${app}/form`);
    await browser.submit();
    expect(seen.at(-1)).toMatchObject({ method: 'POST', url: '/other', headers: { origin: app, 'sec-fetch-site': 'same-origin' } });
    await browser.navigate(`${app}/private-form`);
    await browser.submit({ b: '2' });
    expect(seen.at(-1)).toMatchObject({ url: '/private-form', body: 'a=1&b=2', headers: { origin: 'null' } });
    await expect(browser.submit({}, '/nowhere')).rejects.toThrow('There is no form to /nowhere');
  });

  it.each([
    [301, 'GET', ''],
    [303, 'GET', ''],
    [307, 'POST', 'a=1'],
  ])('after a POST follows %i by %s', async (status, method, body) => {
    await browser.crossSite(app).post(`${app}/moved-${status}`, { a: '1' });
    expect(seen.at(-1)).toMatchObject({ url: '/end', method, body });
  });

  it('calls a POST that another origin handed on nobody’s', async () => {
    await browser.crossSite(app).post(`${provider}/handed-on`);
    expect(seen.map(({ headers }) => headers.origin)).toEqual([app, 'null']);
    expect(last()['sec-fetch-site']).toBe('cross-site');
  });

  it('stops going round in circles, and does not wait for a late refresh', async () => {
    await expect(browser.navigate(`${app}/round`)).rejects.toThrow('Too many redirects');
    expect((await browser.navigate(`${app}/late`)).visited).toHaveLength(1);
  });

  it('fetches as a script of the page', async () => {
    await browser.navigate(`${app}/home`);
    await browser.xhr('/api', { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json', 'X-CSRF': '1' } });
    expect(metadata()).toEqual(['same-origin', 'cors', 'empty', undefined]);
    expect(last()).toMatchObject({ origin: app, cookie: 'strict=1; lax=1; none=1', 'content-type': 'application/json', 'x-csrf': '1' });
    expect(last()).not.toHaveProperty('x-requested-with');
    expect((await browser.xhr('/login')).status).toBe(302);
    expect(last().origin).toBeUndefined();
    const abort = new AbortController();
    routes['/slow'] = () => abort.abort();
    await expect(browser.xhr('/slow', { signal: abort.signal })).rejects.toMatchObject({ name: 'AbortError' });
    await browser.xhr('/callback');
    expect(browser.jar.get(app, 'strict')?.value).toBe('new');
    browser.jar.clear();
    await browser.xhr('/callback', { credentials: 'omit' });
    expect([last().cookie, browser.jar.cookies()]).toEqual([undefined, []]);
    expect((await browser.xhr('/api', { method: 'HEAD' })).body).toBeNull();
  });

  it('does what other sites make it do', async () => {
    const attacker = browser.crossSite();
    await attacker.navigate(`${app}/home`);
    expect(metadata()).toEqual(['cross-site', 'navigate', 'document', '?1']);
    expect(last().cookie).toBe('lax=1; none=1');
    await attacker.post(`${app}/home`, { a: '1' });
    expect(last()).toMatchObject({ origin: 'http://other.example', cookie: 'none=1' });
    await attacker.fetch(`${app}/callback`, { method: 'POST', headers: { 'x-csrf': '1' } });
    expect(metadata()).toEqual(['cross-site', 'cors', 'empty', undefined]);
    expect(last()).toMatchObject({ origin: 'http://other.example', cookie: 'none=1', 'x-csrf': '1' });
    await browser.crossSite('https://other.example').post(`${app}/home`);
    expect(last().origin).toBe('null'); // http is not told what https does
    expect(browser.jar.rejected.map(({ reason }) => reason)).toEqual(Array(2).fill('samesite-from-cross-site'));
  });

  it('reaches https origins, and neighbours of one, where it is told', async () => {
    browser = new TestBrowser({ hosts: { 'https://app.example.com': provider } });
    await browser.navigate('https://app.example.com/callback');
    expect(last()).toMatchObject({ host: 'app.example.com', 'x-forwarded-proto': 'https', cookie: 'strict=new; __Host-Http-s=1' });
    await browser.crossSite('https://blog.example.com').fetch('https://app.example.com/api', { method: 'POST' });
    expect(last()).toMatchObject({
      'sec-fetch-site': 'same-site',
      origin: 'https://blog.example.com',
      cookie: 'strict=new; __Host-Http-s=1',
    });
    await expect(browser.navigate('https://elsewhere.example/')).rejects.toThrow('Only http is spoken here');
  });
});
