import { All, Controller, VersioningType, type INestApplication } from '@nestjs/common';
import { Authenticated } from '../../src/session/http/authenticated.decorator.js';
import type { TestBrowser } from '../../src/testing/browser/test-browser.js';
import { WAYS, WebApp } from './support/web-app.js';

const CSRF = { 'x-csrf': '1' };

@Controller('to-sign-in')
@Authenticated({ challenge: 'redirect' })
class RedirectController {
  @All()
  nothing(): object {
    return {};
  }
}

describe.each(WAYS)('Sessions: %s store on %s', (store, host) => {
  let app: WebApp;
  let browser: TestBrowser;
  beforeAll(async () => {
    app = await WebApp.start({ store, host, controllers: [RedirectController] });
    browser = await app.signedIn();
  });
  afterAll(() => app.close());

  describe('Signing in (session.md R33, R36)', () => {
    it('leads from a guarded page to the provider and back to that page', async () => {
      const visitor = app.browser();
      const page = await visitor.navigate(`${app.url}/orders?open=1`);
      expect([page.status, page.url]).toEqual([200, `${app.url}/orders?open=1`]);
      expect(page.visited.map((url) => new URL(url).pathname)).toEqual([
        ...['/orders', '/session/login', '/authorize', '/session/callback', '/session/callback', '/orders'],
      ]);
      expect(JSON.parse(page.body)).toMatchObject({ user: { sub: 'ada' } });
    });

    it('leaves one cookie, which scripts cannot read and no other site sends', async () => {
      expect(browser.jar.cookies(app.url).map(({ name }) => name)).toEqual(['session']);
      expect(browser.jar.cookies(app.url)[0]).toMatchObject({ httpOnly: true, sameSite: 'strict', path: '/' });
      expect((await browser.crossSite().fetch(`${app.url}/orders`, { headers: CSRF })).status).toBe(401);
    });

    it('answers scripts by a 401 that says where to sign in, without a redirect or a cookie', async () => {
      const answer = await app.browser().xhr(`${app.url}/orders`);
      expect([answer.status, answer.headers.get('location'), answer.headers.get('set-cookie')]).toEqual([401, null, null]);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(await answer.json()).toMatchObject({ status: 401, signIn: '/session/login' });
    });

    it('lets everybody in where nobody must be signed in', async () => {
      expect(await (await app.browser().xhr(`${app.url}/`)).json()).toEqual({ user: null });
      expect(await (await browser.xhr('/')).json()).toEqual({ user: 'ada' });
    });

    it('takes each answer of the provider once, and none that began in another browser: it begins its own (login CSRF)', async () => {
      app.provider.person = { sub: 'mallory' };
      const link = (await app.browser().xhr(`${app.url}/session/login`)).headers.get('location') ?? '';
      const callback = (await app.browser().xhr(link)).headers.get('location') ?? '';
      app.provider.person = { sub: 'ada' };
      const victim = app.browser();
      for (const paths of [
        ['/session/callback', '/authorize', '/session/callback', '/session/callback', '/'],
        ['/session/callback', '/authorize', '/session/callback', '/'], // the browser brings its session along
      ]) {
        const page = await victim.navigate(callback);
        expect([page.visited.map((url) => new URL(url).pathname), page.body]).toEqual([paths, JSON.stringify({ user: 'ada' })]);
      }
    });

    it('is begun again once where the attempt was lost, and then given up: without cookies, too', async () => {
      const visitor = app.browser();
      const login = async () => (await visitor.xhr(`${app.url}/session/login?returnTo=/orders`)).headers.get('location') ?? '';
      const lost = await login();
      visitor.jar.clear();
      expect((await visitor.navigate(lost)).url).toBe(`${app.url}/`);
      app.provider.forgetCalls();
      const withoutCookies = app.browser();
      withoutCookies.jar.receive = () => undefined;
      const page = await withoutCookies.navigate(`${app.url}/orders`);
      expect([page.status, app.provider.counts.authorize]).toEqual([400, 2]);
      expect(page.body).toContain('takes no cookies');
    });

    it('is not begun again where the provider says no to an attempt that was lost', async () => {
      const page = await app.browser().navigate(`${app.url}/session/callback?error=access_denied&state=x`);
      expect([page.status, page.visited.length]).toEqual([400, 1]);
    });

    it('is at the page that was asked for, though the provider sent the browser there (SameSite=Strict)', async () => {
      app.provider.settings.interactive = true;
      const visitor = app.browser();
      const form = await visitor.navigate(`${app.url}/orders?open=1`);
      const page = await visitor.submit();
      app.provider.settings.interactive = false;
      expect([form.status, page.status, page.url]).toEqual([200, 200, `${app.url}/orders?open=1`]);
      expect(JSON.parse(page.body)).toMatchObject({ user: { sub: 'ada' } });
    });

    it.each<Record<string, string>>([{ 'sec-purpose': 'prefetch;prerender' }, { purpose: 'prefetch' }])(
      'leaves nothing for what was asked ahead: %j',
      async (ahead) => {
        const headers = { ...ahead, 'sec-fetch-mode': 'navigate' };
        const visitor = app.browser();
        for (const path of ['/orders', '/session/login', '/session/callback?code=x&state=y']) {
          const answer = await visitor.xhr(app.url + path, { headers });
          const of = (name: string) => answer.headers.get(name);
          expect([path, answer.status, of('cache-control'), of('set-cookie'), of('location')]).toEqual([path, 503, 'no-store', null, null]);
        }
      },
    );

    it('keeps two tabs apart', async () => {
      const [one, other] = [app.browser(), app.browser()];
      Object.assign(other, { jar: one.jar });
      const begin = async (tab: TestBrowser, path: string) => tab.xhr(`${app.url}/session/login?returnTo=${path}`);
      const urls = [await begin(one, '/orders'), await begin(other, '/static')].map((answer) => answer.headers.get('location') ?? '');
      expect((await other.navigate(urls[1] ?? '')).url).toBe(`${app.url}/static`);
      expect((await one.navigate(urls[0] ?? '')).url).toBe(`${app.url}/orders`);
    });

    it('keeps five attempts at most, and drops the oldest', async () => {
      const visitor = app.browser();
      const links: string[] = [];
      for (let n = 0; n < 7; n++) {
        app.clock.advance(1);
        links.push((await visitor.xhr(`${app.url}/session/login?returnTo=/orders?tab=${n}`)).headers.get('location') ?? '');
      }
      expect(visitor.jar.cookies(app.url)).toHaveLength(5);
      for (const tab of [6, 2]) expect((await visitor.navigate(links[tab] ?? '')).url).toBe(`${app.url}/orders?tab=${tab}`);
      expect((await visitor.navigate(links[1] ?? '')).url).toBe(`${app.url}/`);
    });

    it('says so where the provider is away, and leaves no attempt', async () => {
      const away = await WebApp.start({ store, host });
      await away.provider.stop();
      const visitor = away.browser();
      const page = await visitor.navigate(`${away.url}/orders`);
      expect([page.status, visitor.jar.cookies(away.url)]).toEqual([503, []]);
      expect(page.body).toContain('/session/login');
      await away.provider.start();
      expect((await visitor.navigate(`${away.url}/orders`)).status).toBe(200);
      await away.close();
    });

    it.each<[string, (app: WebApp) => unknown, string[]]>([
      ['answers 503', ({ provider }) => provider.at('token').unavailable(), ['oidc.unavailable']],
      ['says nothing', ({ provider }) => provider.at('token').blackHole(), ['oidc.unavailable']],
      ['closes the connection', ({ provider }) => provider.at('token').dropAnswer(), ['oidc.unavailable']],
      ['answers by a page', ({ provider }) => provider.at('token').notJson(), ['oidc.unavailable']],
      ['does not take the app', ({ provider }) => provider.at('token').refuse('invalid_client'), ['oidc.misconfigured']],
      ['says in the redirect that it is away', ({ provider }) => provider.denyNext('temporarily_unavailable'), ['oidc.unavailable']],
    ])('says so where the provider %s at the end, and can be tried again', async (_, fail, events) => {
      const failing = await WebApp.start({ store, host, options: { refresh: { timeout: 1 } } });
      const visitor = failing.browser();
      fail(failing);
      const page = await visitor.navigate(`${failing.url}/orders?open=1`);
      expect([page.status, failing.events.map(({ name }) => name)]).toEqual([503, events]);
      failing.provider.at('token').lift();
      const again = /href="([^"]*)"/.exec(page.body)?.[1] ?? '';
      expect((await visitor.click(again)).url).toBe(`${failing.url}/orders?open=1`);
      await failing.close();
    });

    it('is over where the provider says that the code is none, and that is no outage', async () => {
      app.events.length = 0;
      app.provider.at('token').refuse('invalid_grant', { times: 1 });
      expect([(await app.browser().navigate(`${app.url}/orders`)).status, app.events]).toEqual([400, []]);
    });

    it('is given up where the person says no, and does not go round in circles', async () => {
      app.provider.denyNext('access_denied');
      const visitor = app.browser();
      const page = await visitor.navigate(`${app.url}/orders`);
      expect([page.status, new URL(page.url).pathname]).toEqual([400, '/session/callback']);
      expect(page.body).toContain('You are not signed in');
      expect(visitor.jar.cookies(app.url)).toEqual([]);
    });

    it('goes on with a session of its own, and ends what the browser had before (session fixation)', async () => {
      const planted = app.cookieOf(await app.signedIn());
      const idOf = async (cookie: string) => (await app.orders(cookie)).body.id;
      const before = await idOf(planted);
      const visitor = app.browser();
      visitor.jar.receive(app.url, [`${planted}; Path=/; HttpOnly; SameSite=Strict`]);
      app.provider.settings.interactive = true;
      await visitor.navigate(`${app.url}/session/login?returnTo=/orders`);
      expect(await idOf(planted)).toBe(before);
      app.events.length = 0;
      await visitor.submit();
      app.provider.settings.interactive = false;
      expect(await idOf(app.cookieOf(visitor))).not.toBe(before);
      expect((await app.orders(planted)).status).toBe(401);
      const ended = { session: before, subject: 'ada', reason: 'logout', detail: 'Signed in anew.' };
      expect(app.events.filter(({ name }) => name === 'session.ended')).toEqual([{ name: 'session.ended', detail: ended }]);
    });
  });

  describe('Coming from another site (SameSite=Strict)', () => {
    const live = () =>
      app.events.filter(({ name }) => name === 'session.created').length - app.events.filter(({ name }) => name === 'session.ended').length;

    it('a link leads to the page, in the session that there is', async () => {
      const visitor = await app.signedIn();
      const before = app.cookieOf(visitor);
      app.provider.forgetCalls();
      const page = await visitor.crossSite().navigate(`${app.url}/orders?a=1&b=%22%27`);
      expect([page.status, page.visited]).toEqual([200, Array(2).fill(`${app.url}/orders?a=1&b=%22%27`)]);
      expect([app.cookieOf(visitor), app.provider.counts.authorize ?? 0]).toEqual([before, 0]);
    });

    it('a link of any length does', async () => {
      const visitor = await app.signedIn();
      const address = `${app.url}/orders?x=${'y'.repeat(2_000)}`;
      expect((await visitor.crossSite().navigate(address)).visited).toEqual([address, address]);
    });

    it('nothing but a link is answered by a page', async () => {
      const from = { 'sec-fetch-site': 'cross-site' };
      const statuses = [];
      for (const [mode, method] of [
        ['navigate', 'GET'],
        ['cors', 'GET'],
        ['navigate', 'POST'],
      ] as const)
        statuses.push((await app.get('/to-sign-in', { ...from, 'sec-fetch-mode': mode }, method)).status);
      expect(statuses).toEqual([200, 302, 302]);
    });

    it('a link leads strangers to the provider, as ever', async () => {
      const page = await app.browser().crossSite().navigate(`${app.url}/orders`);
      expect([page.status, page.url]).toEqual([200, `${app.url}/orders`]);
    });

    it.each(['/session/login?returnTo=/orders', '/session/login'])('a link to %s ends the session that there was', async (path) => {
      const visitor = await app.signedIn();
      const before = app.cookieOf(visitor);
      app.events.length = 0;
      await visitor.crossSite().navigate(app.url + path);
      expect([live(), (await app.orders(before)).status, (await app.orders(app.cookieOf(visitor))).status]).toEqual([0, 401, 200]);
    });

    it('whoever signs in by one tab after the other has one session', async () => {
      app.events.length = 0;
      const one = app.browser();
      const tabs = [one, ...Array.from({ length: 2 }, () => Object.assign(app.browser(), { jar: one.jar }))];
      app.provider.settings.interactive = true;
      for (const tab of tabs) await tab.navigate(`${app.url}/orders`);
      for (const tab of tabs) expect((await tab.submit()).url).toBe(`${app.url}/orders`);
      app.provider.settings.interactive = false;
      expect([live(), (await app.orders(app.cookieOf(one))).status]).toEqual([1, 200]);
    });
  });

  describe('Those who are not let in (R36)', () => {
    it('are told by 403, signed in as they are, and keep their session', async () => {
      for (const headers of [{ ...CSRF }, { 'sec-fetch-mode': 'navigate' }] as Record<string, string>[]) {
        const answer = await browser.xhr('/admin', { headers });
        expect([answer.status, answer.headers.get('location'), answer.headers.get('set-cookie')]).toEqual([403, null, null]);
      }
    });

    it('are told where to go by what their browser says it wants', async () => {
      const ways: [Record<string, string>, number][] = [
        [{ 'sec-fetch-mode': 'navigate' }, 302],
        [{ 'sec-fetch-mode': 'cors', accept: 'text/html' }, 401],
        [{ 'sec-fetch-mode': 'cors', 'x-requested-with': 'XMLHttpRequest' }, 401],
      ];
      for (const [headers, status] of ways) expect((await app.browser().xhr(`${app.url}/orders`, { headers })).status).toBe(status);
      expect((await app.browser().xhr(`${app.url}/orders`, { method: 'POST', headers: { 'sec-fetch-mode': 'navigate' } })).status).toBe(
        401,
      );
    });
  });

  it('R6: five attempts that another site began at once, with the longest addresses, leave room beside the largest session', async () => {
    const visitor = app.browser();
    Object.assign(app.provider.settings, { accessTokenFormat: 'opaque', accessTokenSize: 8_320 });
    await visitor.navigate(`${app.url}/orders`);
    Object.assign(app.provider.settings, { accessTokenFormat: 'jwt', accessTokenSize: 0 });
    const sent = () => visitor.jar.cookieHeader(app.url) ?? '';
    const session = sent().length;
    const begin = (path: string) => app.get(`/session/login?returnTo=${path}`, { cookie: sent(), 'sec-fetch-site': 'cross-site' });
    const paths = ['a'.repeat(199), 'a'.repeat(1_990), '%22'.repeat(199), `a?${'%22'.repeat(600)}`, '%2522'.repeat(66)];
    const answers = await Promise.all(paths.map((path) => begin(`/${path}`)));
    for (const answer of answers) visitor.jar.receive(app.url, answer.headers.getSetCookie());
    if (store === 'cookie') expect(session).toBeGreaterThan(11_900);
    expect([answers.length, sent().length - session < 5 * 470]).toEqual([5, true]);
    expect((await app.get('/orders', { cookie: sent(), 'sec-fetch-mode': 'navigate', 'user-agent': 'x'.repeat(1_500) })).status).toBe(200);
  });

  it.each(['//evil.example', '/\\evil.example', '/%2f%2fevil.example', '/%0d%0ax', 'https://evil.example/', `/${'x'.repeat(2_000)}`])(
    'R34: %s is not gone to',
    async (returnTo) => {
      const page = await app.browser().navigate(`${app.url}/session/login?returnTo=${encodeURIComponent(returnTo)}`);
      expect([page.status, page.url]).toEqual([200, `${app.url}/`]);
    },
  );

  describe('Who is signed in (R43)', () => {
    it('is told by /session: claims and the end, nothing that could be used', async () => {
      const answer = await browser.xhr('/session', { headers: CSRF });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('cache-control')).toContain('no-store');
      const body = (await answer.json()) as { user: object; expiresAt: string };
      expect(body).toEqual({ user: expect.objectContaining({ sub: 'ada' }), expiresAt: expect.any(String) });
      expect((await app.browser().xhr(`${app.url}/session`)).status).toBe(401);
    });
  });

  describe('Other sites (R35)', () => {
    it.each<[string, Record<string, string>, number]>([
      ['a script of the app', { ...CSRF }, 201],
      ['a script without the header', {}, 403],
      ['a foreign origin', { ...CSRF, origin: 'https://evil.example' }, 403],
      ['another site', { ...CSRF, 'sec-fetch-site': 'cross-site' }, 403],
      ['a neighbour', { ...CSRF, 'sec-fetch-site': 'same-site' }, 403],
    ])('%s', async (_, headers, status) => {
      expect((await browser.xhr('/orders', { method: 'POST', headers })).status).toBe(status);
    });

    it('are told from a script of the app that forgot the header: the answer names it', async () => {
      const answer = await browser.xhr('/orders', { method: 'POST' });
      expect(await answer.json()).toMatchObject({ message: expect.stringContaining('X-CSRF: 1') });
    });

    it.each<[string, Record<string, string>, string | null]>([
      ['a page of the app', { origin: 'own' }, 'ada'],
      ['a neighbour', { origin: 'https://other.example', 'sec-fetch-site': 'same-site' }, null],
      ['nobody knows whom', {}, null],
    ])('on a route without a guard, what %s sends is of whom it should be', async (_, headers, by) => {
      const cookie = app.cookieOf(browser);
      const own = headers['origin'] === 'own' ? { origin: app.url } : headers;
      expect(await (await app.get('/vote', { cookie, ...own }, 'POST')).json()).toEqual({ by });
    });

    it('what another site makes the browser send does not even keep the session alive', async () => {
      const cookie = app.cookieOf(browser);
      app.clock.advance(301);
      app.provider.forgetCalls();
      const answer = await app.get('/orders', { cookie, 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' });
      expect([answer.status, answer.headers.getSetCookie(), app.refreshes]).toEqual([403, [], 0]);
    });

    it('forms are told by where they come from, on routes that say so', async () => {
      const own = { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin', origin: app.url };
      expect((await browser.xhr('/form', { method: 'POST', headers: own })).status).toBe(201);
      expect((await browser.xhr('/orders', { method: 'POST', headers: own })).status).toBe(403);
      expect((await browser.xhr('/form', { method: 'POST', headers: { ...own, origin: 'https://evil.example' } })).status).toBe(403);
    });
  });
});

it('R33: with SameSite=Lax the cookie comes along from the provider, and the way is shorter', async () => {
  const app = await WebApp.start({ database: false, options: { cookie: { sameSite: 'lax' } } });
  const browser = await app.signedIn();
  const before = app.cookieOf(browser);
  const page = await browser.crossSite().navigate(`${app.url}/session/login?returnTo=/orders`);
  expect([page.status, page.visited.length, (await app.orders(before)).status]).toEqual([200, 4, 401]);
  await app.close();
});

it.each(WAYS)('R33: the module’s routes are where they are, whatever versions the app has: %s store on %s', async (store, host) => {
  const prepare = (nest: INestApplication) => nest.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
  const app = await WebApp.start({ store, host, prepare });
  const page = await app.browser().navigate(`${app.url}/v1/orders`);
  expect([page.status, page.url, (await app.get('/v1/session/login', {})).status]).toEqual([200, `${app.url}/v1/orders`, 404]);
  await app.close();
});

it('R35: a route that forgot its guard is an error, for everybody', async () => {
  const app = await WebApp.start({ database: false });
  const browser = await app.signedIn();
  app.app.useLogger(false);
  expect((await browser.xhr('/forgotten', { headers: CSRF })).status).toBe(500);
  await app.close();
});

it('R33: cookies that are no attempts cost next to nothing, and the answer does not grow with them', async () => {
  const app = await WebApp.start({ database: false });
  const cookie = Array.from({ length: 700 }, (_, index) => `session-in-${index.toString(36)}=1`).join('; ');
  const answer = await app.get('/session/login', { cookie });
  expect([answer.status, answer.headers.getSetCookie().length < 25]).toEqual([302, true]);
  await app.close();
});

it.each<[string, Record<string, unknown>]>([
  ['another nonce', { nonce: 'of another sign-in' }],
  ['another issuer', { iss: 'https://evil.example' }],
  ['another app', { aud: 'other' }],
])('R33: an id token of %s signs nobody in', async (_, claims) => {
  const app = await WebApp.start({ database: false });
  app.provider.at('token').wrongIdToken(claims, { when: ({ grantType }) => grantType === 'authorization_code' });
  const browser = app.browser();
  expect((await browser.navigate(`${app.url}/orders`)).status).toBe(400);
  expect(browser.jar.cookies(app.url)).toEqual([]);
  await app.close();
});
