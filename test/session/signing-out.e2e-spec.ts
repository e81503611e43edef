import { Controller, Get, Header } from '@nestjs/common';
import { decodeJwt } from 'jose';
import { Authenticated } from '../../src/session/http/authenticated.decorator.js';
import { CurrentSession } from '../../src/session/http/current-session.decorator.js';
import type { WebSession } from '../../src/session/web-session.js';
import type { TestBrowser } from '../../src/testing/browser/test-browser.js';
import { WAYS, WebApp } from './support/web-app.js';

const CSRF = { 'x-csrf': '1' };

@Controller()
class NewTokenController {
  @Get('new-token')
  @Authenticated()
  async token(@CurrentSession() session: WebSession): Promise<object> {
    return { token: await session.accessToken({ force: true }) };
  }
}

@Controller()
class FormController {
  @Get('sign-out-form')
  @Header('content-type', 'text/html')
  @Header('referrer-policy', 'no-referrer')
  form(): string {
    return '<form method="post" action="/session/logout"><button>Sign out</button></form>';
  }
}

const signOut = (browser: TestBrowser, headers: Record<string, string> = CSRF): Promise<Response> =>
  browser.xhr('/session/logout', { method: 'POST', headers });
/** Where the person goes to sign out there, too. */
const signOutUrl = async (answer: Response): Promise<URL> => new URL(((await answer.json()) as { signOutUrl: string }).signOutUrl);

describe.each(WAYS)('Signing out (session.md R37): %s store on %s', (store, host) => {
  let app: WebApp;
  let browser: TestBrowser;
  let cookie: string;
  beforeAll(async () => {
    app = await WebApp.start({ store, host, controllers: [NewTokenController, FormController] });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    browser = await app.signedIn();
    cookie = app.cookieOf(browser);
    app.provider.forgetCalls();
    app.events.length = 0;
  });
  const revoked = () => app.provider.calls('revocation').map(({ parameters }) => parameters['token']);

  it('R37: ends the session here and the refresh token there, and an old cookie is worth nothing', async () => {
    expect((await signOut(browser)).status).toBe(200);
    expect(browser.jar.cookies(app.url)).toEqual([]);
    expect([revoked().length, app.provider.family(app.provider.signIns.at(-1)?.family ?? '')?.ended]).toEqual([1, true]);
    const replay = await app.orders(cookie);
    expect([replay.status, replay.cookies]).toEqual([401, [expect.stringContaining('Max-Age=0')]]);
    expect(app.events).toContainEqual({ name: 'session.ended', detail: expect.objectContaining({ reason: 'logout', subject: 'ada' }) });
  });

  it('R37: is nothing that another site could do', async () => {
    expect((await signOut(browser, {})).status).toBe(403);
    expect((await signOut(browser, { ...CSRF, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await app.orders(cookie)).status).toBe(200);
  });

  it('R37: says where to sign out at the provider, whom and for which app; from there the way leads back', async () => {
    const url = await signOutUrl(await signOut(browser));
    expect(decodeJwt(url.searchParams.get('id_token_hint') ?? '').sub).toBe('ada');
    const page = await browser.navigate(url.href);
    expect([page.status, page.url, JSON.parse(page.body)]).toEqual([200, `${app.url}/`, { user: null }]);
  });

  it('R37: a form of the app’s own signs out, too, and leads to the provider; one from elsewhere does not', async () => {
    const form = { cookie, 'sec-fetch-mode': 'navigate', accept: 'text/html' };
    const forged = await app.get('/session/logout', { ...form, 'sec-fetch-site': 'same-site', origin: 'https://other.example' }, 'POST');
    expect([forged.status, (await app.orders(cookie)).status]).toEqual([403, 200]);
    const sent = await app.get('/session/logout', { ...form, 'sec-fetch-site': 'same-origin', origin: app.url }, 'POST');
    expect([sent.status, (await app.orders(cookie)).status]).toEqual([200, 401]);
  });

  it('R37: a form on a page that hides where it is (Referrer-Policy) signs out, there as well, and comes back', async () => {
    await browser.navigate(`${app.url}/sign-out-form`);
    const page = await browser.submit();
    expect(page.visited.map((url) => new URL(url).pathname)).toEqual(['/session/logout', '/logout', '/']);
    expect([page.url, JSON.parse(page.body), (await app.orders(cookie)).status]).toEqual([`${app.url}/`, { user: null }, 401]);
  });

  it('R37: a form is answered by a page, not by a redirect, which the policy of the form’s page may forbid (form-action)', async () => {
    const form = { cookie, 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin', origin: app.url };
    const { headers } = await app.get('/session/logout', form, 'POST');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect([headers.get('cache-control'), headers.get('location')]).toEqual(['private, no-store', null]);
  });

  it('R37: ends what tabs left that came back at once, which nobody has a cookie of, and nothing of another browser', async () => {
    app.provider.settings.claims = { sid: `of one browser ${store} ${host}` };
    const one = app.browser();
    const tabs = [one, ...Array.from({ length: 4 }, () => Object.assign(app.browser(), { jar: one.jar }))];
    const came: string[] = [];
    const receive = one.jar.receive.bind(one.jar);
    one.jar.receive = (url, lines, context) => {
      came.push(...lines.flatMap((line) => /^session(?:-\d)?=[^;]+/.exec(line) ?? []));
      receive(url, lines, context);
    };
    const held = app.provider.at('token').hold({ times: tabs.length });
    const pages = tabs.map((tab) => tab.navigate(`${app.url}/orders`));
    await held.reached(tabs.length);
    app.provider.at('token').release();
    await Promise.all(pages);
    app.provider.settings.claims = {};
    const live = async () => (await Promise.all([...came, cookie].map((each) => app.orders(each)))).filter(({ status }) => status === 200);
    expect(await live()).toHaveLength(tabs.length + 1);
    expect((await signOut(one)).status).toBe(200);
    expect(await live()).toHaveLength(1);
    expect((await app.orders(cookie)).status).toBe(200);
  });

  it('R37: works while the provider is away', async () => {
    await app.provider.stop();
    expect((await signOut(browser)).status).toBe(200);
    await app.provider.start();
    expect([browser.jar.cookies(app.url), (await app.orders(cookie)).status]).toEqual([[], 401]);
  });

  it('R37: what a refresh brings that was under way is revoked as well', async () => {
    const held = app.provider.at('token').hold({ times: 1, committed: true });
    const waiting = app.script(cookie, '/new-token');
    await held.reached();
    expect((await signOut(browser)).status).toBe(200);
    app.provider.at('token').release();
    expect((await waiting).status).toBe(401);
    expect([new Set(revoked()).size, (await app.orders(cookie)).status]).toEqual([2, 401]);
  });
});

it('R6, R37: without a database the id token is not kept, and the provider is told which app it is', async () => {
  const app = await WebApp.start({ database: false });
  const cookie = app.cookieOf(await app.signedIn());
  const url = await signOutUrl(await app.script(cookie, '/session/logout', { method: 'POST' }));
  expect([url.searchParams.get('id_token_hint'), url.searchParams.get('client_id')]).toEqual([null, 'shop']);
  await app.close();
});

it('R37: whoever signs out waits two seconds for a provider that says nothing, not for its whole time', async () => {
  const app = await WebApp.start({ options: { refresh: { timeout: 60 } } });
  const browser = await app.signedIn();
  // Where nobody knows yet what the provider has to offer.
  const fresh = await WebApp.start({ beside: app, options: { refresh: { timeout: 60 } } });
  app.provider.at('all').blackHole();
  const answer = await fresh.script(app.cookieOf(browser), '/session/logout', { method: 'POST' });
  expect([answer.status, (await signOutUrl(answer)).href]).toEqual([200, `${app.url}/`]);
  app.provider.at('all').lift();
  expect((await app.orders(app.cookieOf(browser))).status).toBe(401);
  await fresh.close();
  await app.close();
});
