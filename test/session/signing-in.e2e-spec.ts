import type { TestBrowser } from '../../src/testing/browser/test-browser.js';
import { WAYS, WebApp } from './support/web-app.js';

const CSRF = { 'x-csrf': '1' };

describe.each(WAYS)('Sessions: %s store on %s', (store, host) => {
  let app: WebApp;
  let browser: TestBrowser;
  beforeAll(async () => {
    app = await WebApp.start({ store, host });
    browser = await app.signedIn();
  });
  afterAll(() => app.close());

  describe('Signing in (session.md R33, R36)', () => {
    it('leads from a guarded page to the provider and back to that page', async () => {
      const visitor = app.browser();
      const page = await visitor.navigate(`${app.url}/orders?open=1`);
      expect([page.status, page.url]).toEqual([200, `${app.url}/orders?open=1`]);
      expect(page.visited.map((url) => new URL(url).pathname)).toEqual([
        ...['/orders', '/session/login', '/authorize', '/session/callback', '/orders'],
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

    it('takes each answer of the provider once, and none that began in another browser', async () => {
      const page = await app.browser().navigate(`${app.url}/session/login`);
      const callback = page.visited.find((url) => url.includes('/session/callback')) ?? '';
      expect((await browser.navigate(callback)).status).toBe(400);
      await browser.navigate(`${app.url}/orders`);
    });

    it('keeps two tabs apart', async () => {
      const [one, other] = [app.browser(), app.browser()];
      Object.assign(other, { jar: one.jar });
      const begin = async (tab: TestBrowser, path: string) => tab.xhr(`${app.url}/session/login?returnTo=${path}`);
      const urls = [await begin(one, '/orders'), await begin(other, '/static')].map((answer) => answer.headers.get('location') ?? '');
      expect((await other.navigate(urls[1] ?? '')).url).toBe(`${app.url}/static`);
      expect((await one.navigate(urls[0] ?? '')).url).toBe(`${app.url}/orders`);
    });

    it('keeps five attempts at most', async () => {
      const visitor = app.browser();
      for (let n = 0; n < 8; n++) {
        app.clock.advance(1);
        await visitor.xhr(`${app.url}/session/login`);
      }
      expect(visitor.jar.cookies(app.url)).toHaveLength(5);
    });

    it('is given up where the person says no, and does not go round in circles', async () => {
      app.provider.denyNext('access_denied');
      const visitor = app.browser();
      const page = await visitor.navigate(`${app.url}/orders`);
      expect([page.status, new URL(page.url).pathname]).toEqual([400, '/session/callback']);
      expect(page.body).toContain('You are not signed in');
      expect(visitor.jar.cookies(app.url)).toEqual([]);
    });

    it('goes on with a session of its own, whatever the browser had before (session fixation)', async () => {
      const visitor = await app.signedIn();
      const idOf = async () => ((await (await visitor.xhr('/orders', { headers: CSRF })).json()) as { id: string }).id;
      const before = await idOf();
      await visitor.navigate(`${app.url}/session/login?returnTo=/orders`);
      expect(await idOf()).not.toBe(before);
    });
  });

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

    it('forms are told by where they come from, on routes that say so', async () => {
      const own = { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin', origin: app.url };
      expect((await browser.xhr('/form', { method: 'POST', headers: own })).status).toBe(201);
      expect((await browser.xhr('/orders', { method: 'POST', headers: own })).status).toBe(403);
      expect((await browser.xhr('/form', { method: 'POST', headers: { ...own, origin: 'https://evil.example' } })).status).toBe(403);
    });
  });

  describe('Signing out (R37)', () => {
    it('ends the session here and the refresh token there, and an old cookie is worth nothing', async () => {
      const visitor = await app.signedIn();
      const old = visitor.jar.cookieHeader(app.url, { site: 'same-origin', navigation: false, method: 'GET' }) ?? '';
      expect((await visitor.xhr('/session/logout', { method: 'POST' })).status).toBe(403);
      app.provider.forgetCalls();
      const answer = await visitor.xhr('/session/logout', { method: 'POST', headers: CSRF });
      expect(answer.status).toBe(200);
      expect(new URL(((await answer.json()) as { signOutUrl: string }).signOutUrl).origin).toBe(new URL(app.provider.issuer).origin);
      expect(visitor.jar.cookies(app.url)).toEqual([]);
      expect(app.provider.counts.revocation).toBe(1);
      const replay = await fetch(`${app.url}/orders`, { headers: { ...CSRF, cookie: old } });
      expect([replay.status, replay.headers.get('set-cookie')]).toEqual([401, expect.stringContaining('Max-Age=0')]);
      expect(app.events).toContainEqual({ name: 'session.ended', detail: expect.objectContaining({ reason: 'logout' }) });
    });

    it('works while the provider is away', async () => {
      const visitor = await app.signedIn();
      app.provider.at('revocation').unavailable();
      expect((await visitor.xhr('/session/logout', { method: 'POST', headers: CSRF })).status).toBe(200);
      app.provider.at('revocation').lift();
      expect((await visitor.xhr('/orders', { headers: CSRF })).status).toBe(401);
    });
  });
});
