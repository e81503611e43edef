import { Browser, type Page } from '../support/browser.js';
import type { CodeFlow } from '../support/code-flow.js';
import { ProtocolClient } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';
import { openApp, SIGNED_OUT_URI, signInTo, signOutClient } from './support/app.js';
import { sessionOf, signedInBrowser, signInWith, type SignedInBrowser } from './support/signed-in-browser.js';

const END_SESSION = '/connect/logout';

let service: TestService;
let app: CodeFlow;
beforeAll(async () => {
  service = await startService();
  app = await openApp(service);
});
afterAll(() => service.close());

const logout = (browser: Browser, parameters: Record<string, string>): Promise<Page> =>
  browser.get(`${END_SESSION}?${new URLSearchParams(parameters).toString()}`);
/** As an app's page at another site would send it: without the cookies, which are Lax. */
async function postLogout(browser: Browser, parameters: Record<string, string>): Promise<Page> {
  const response = await new Browser(service.url, service.issuer).request(END_SESSION, {
    method: 'POST',
    body: new URLSearchParams(parameters).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://app.example', 'sec-fetch-site': 'cross-site' },
  });
  const location = response.headers.get('location');
  if (location === null) return { url: END_SESSION, status: response.status, headers: response.headers, html: await response.text() };
  return browser.get(location);
}

const isSignedIn = async ({ browser }: SignedInBrowser): Promise<boolean> => (await sessionOf(service, browser)) !== undefined;
const pageOf = ({ html }: Page): string | undefined => /data-message="([a-z-]+)"/.exec(html)?.[1];
const pathOf = ({ url }: Page): string => new URL(url).pathname;
const asks = (page: Page): boolean => page.status === 200 && pathOf(page) === '/sign-out' && page.html.includes('value="stay"');

describe.each([
  ['GET', logout],
  ['POST', postLogout],
] as const)('The end session endpoint by %s (OpenID Connect RP-Initiated Logout 1.0)', (_, leave) => {
  it('signs out at once for the hint of this session, and sends the person back with the state', async () => {
    const person = await signedInBrowser(service);
    const { idToken, accessToken } = await signInTo(app, person);
    const page = await leave(person.browser, { id_token_hint: idToken, post_logout_redirect_uri: SIGNED_OUT_URI, state: 'a b&c=d' });
    expect(page.url).toBe(`${SIGNED_OUT_URI}?state=a+b%26c%3Dd`);
    expect(new URL(page.url).searchParams.get('state')).toBe('a b&c=d');
    expect(await isSignedIn(person)).toBe(false);
    expect(person.browser.cookies.has('countersign-session')).toBe(false);
    expect((await app.api.introspect(accessToken)).body.active).toBe(false);
  });

  it('says so where there is nowhere to go', async () => {
    const person = await signedInBrowser(service);
    const page = await leave(person.browser, { id_token_hint: (await signInTo(app, person)).idToken, state: 'unused' });
    expect([page.status, pageOf(page)]).toEqual([200, 'signed-out']);
    expect(await isSignedIn(person)).toBe(false);
  });

  it('takes an id token that has expired', async () => {
    const person = await signedInBrowser(service);
    const { idToken } = await signInTo(app, person);
    service.clock.advance(3600);
    expect((await leave(person.browser, { id_token_hint: idToken, post_logout_redirect_uri: SIGNED_OUT_URI })).url).toBe(SIGNED_OUT_URI);
    expect(await isSignedIn(person)).toBe(false);
  });

  it('asks when there is no hint; then the person goes where the app said', async () => {
    const person = await signedInBrowser(service);
    const asked = await leave(person.browser, { client_id: app.client.id, post_logout_redirect_uri: SIGNED_OUT_URI, state: 'x' });
    expect(asks(asked)).toBe(true);
    // Chromium holds redirects to form-action, too.
    expect(asked.headers.get('content-security-policy')).toContain("form-action 'self' https://app.example;");
    expect(await isSignedIn(person)).toBe(true);
    expect((await person.browser.submit(asked, { decision: 'sign-out' })).url).toBe(`${SIGNED_OUT_URI}?state=x`);
    expect(await isSignedIn(person)).toBe(false);
  });

  it('asks whoever comes with nothing at all', async () => {
    const person = await signedInBrowser(service);
    const asked = await leave(person.browser, {});
    expect(asks(asked)).toBe(true);
    expect(pageOf(await person.browser.submit(asked, { decision: 'sign-out' }))).toBe('signed-out');
    expect(await isSignedIn(person)).toBe(false);
  });

  it('lets stay who wants to stay, and the app learns nothing', async () => {
    const person = await signedInBrowser(service);
    const asked = await leave(person.browser, { client_id: app.client.id, post_logout_redirect_uri: SIGNED_OUT_URI });
    for (const decision of ['stay', 'x', '']) {
      expect(pathOf(await person.browser.submit(asked, { decision }))).toBe('/account');
      expect(await isSignedIn(person)).toBe(true);
    }
  });

  it("asks when the hint is of another person, of the person's other session, or of none", async () => {
    const [person, stranger] = [await signedInBrowser(service), await signedInBrowser(service)];
    const elsewhere = { ...person, browser: new Browser(service.url, service.issuer) };
    await signInWith(elsewhere.browser, person);
    const { idToken: ofStranger } = await signInTo(app, stranger);
    const { idToken: before } = await signInTo(app, person);
    const foreign = { ...person, session: (await sessionOf(service, elsewhere.browser)) ?? person.session };
    const { idToken: ofOther } = await signInTo(app, foreign);
    for (const hint of [ofStranger, ofOther]) {
      expect(asks(await leave(person.browser, { id_token_hint: hint, post_logout_redirect_uri: SIGNED_OUT_URI }))).toBe(true);
    }
    expect([await isSignedIn(person), await isSignedIn(elsewhere), await isSignedIn(stranger)]).toEqual([true, true, true]);
    // The session that the hint was of has ended; another has begun in the same browser.
    await leave(person.browser, { id_token_hint: before });
    await signInWith(person.browser, person);
    expect(asks(await leave(person.browser, { id_token_hint: before }))).toBe(true);
    expect(await isSignedIn(person)).toBe(true);
  });

  it('sends on at once when nobody is signed in', async () => {
    const person = await signedInBrowser(service);
    const { idToken } = await signInTo(app, person);
    const nobody = () => new Browser(service.url, service.issuer);
    expect((await leave(nobody(), { id_token_hint: idToken, post_logout_redirect_uri: SIGNED_OUT_URI })).url).toBe(SIGNED_OUT_URI);
    expect((await leave(nobody(), { client_id: app.client.id, post_logout_redirect_uri: SIGNED_OUT_URI, state: '1' })).url).toBe(
      `${SIGNED_OUT_URI}?state=1`,
    );
    expect(pageOf(await leave(nobody(), {}))).toBe('signed-out');
    // A hint says whom the app means; it opens no session that this browser does not hold.
    expect(await isSignedIn(person)).toBe(true);
  });

  it('speaks the language that the app wants', async () => {
    const person = await signedInBrowser(service);
    const asked = await leave(person.browser, { client_id: app.client.id, ui_locales: 'fr-CA de-AT en' });
    expect(asked.headers.get('content-language')).toBe('de');
    expect((await person.browser.submit(asked, { decision: 'sign-out' })).headers.get('content-language')).toBe('de');
  });

  it('takes no notice of logout_hint and of what it does not know', async () => {
    const person = await signedInBrowser(service);
    const { idToken } = await signInTo(app, person);
    const page = await leave(person.browser, { id_token_hint: idToken, logout_hint: 'somebody@else.example', unknown: '<script>' });
    expect(pageOf(page)).toBe('signed-out');
    expect(await isSignedIn(person)).toBe(false);
  });

  it.each([
    ['letters of every kind', 'żółć 漢字 🦔 \u202e'],
    ['what would end a header', '\r\nset-cookie: a=b'],
    ['what would end an attribute', '"><script>alert(1)</script>'],
    ['another state', 'x&state=y#z'],
    ['what looks encoded', '%0d%0a%00'],
  ])('returns a state of %s as it was', async (__, state) => {
    const page = await leave(new Browser(service.url, service.issuer), {
      client_id: app.client.id,
      post_logout_redirect_uri: SIGNED_OUT_URI,
      state,
    });
    expect(page.url.startsWith(`${SIGNED_OUT_URI}?state=`)).toBe(true);
    expect(new URL(page.url).searchParams.getAll('state')).toEqual([state]);
    expect(page.url).toMatch(/^[\x21-\x7e]+$/);
  });

  it('keeps the query that an address was registered with', async () => {
    const uri = 'https://app.example/bye?from=countersign&empty=';
    const other = await openApp(service, signOutClient().with({ postLogoutRedirectUris: [uri, 'com.example.app:/bye'] }));
    const nobody = () => new Browser(service.url, service.issuer);
    const to = (post_logout_redirect_uri: string) => ({ client_id: other.client.id, post_logout_redirect_uri, state: 's' });
    expect((await leave(nobody(), to(uri))).url).toBe(`${uri}&state=s`);
    expect((await leave(nobody(), to('com.example.app:/bye'))).url).toBe('com.example.app:/bye?state=s');
  });
});

describe('The confirmation page', () => {
  it('has an address that tells nothing of the app and its id token', async () => {
    const [person, stranger] = [await signedInBrowser(service), await signedInBrowser(service)];
    const { idToken } = await signInTo(app, stranger);
    const asked = await logout(person.browser, { id_token_hint: idToken, state: 'a-private-state' });
    expect(asks(asked)).toBe(true);
    const [, payload = ''] = idToken.split('.');
    for (const secret of [payload, stranger.session.sid, 'a-private-state', app.client.id])
      expect(decodeURIComponent(asked.url)).not.toContain(secret);
    expect(asked.html).toContain(person.email);
    expect(asked.html).not.toContain(stranger.email);
  });

  it('survives a reload, and is over with the time that a person may take', async () => {
    const person = await signedInBrowser(service);
    const asked = await logout(person.browser, { client_id: app.client.id, post_logout_redirect_uri: SIGNED_OUT_URI });
    expect(asks(await person.browser.get(asked.url))).toBe(true);
    service.clock.advance(1801);
    for (const late of [await person.browser.get(asked.url), await person.browser.submit(asked, { decision: 'sign-out' })])
      expect([late.status, pageOf(late)]).toEqual([400, 'expired']);
    expect(await isSignedIn(person)).toBe(true);
  });

  it('takes an address of the app no more that was taken from it meanwhile', async () => {
    const builder = signOutClient();
    const other = await openApp(service, builder);
    const person = await signedInBrowser(service);
    const asked = await logout(person.browser, { client_id: other.client.id, post_logout_redirect_uri: SIGNED_OUT_URI });
    await builder.with({ postLogoutRedirectUris: [] }).update(service);
    const refused = await person.browser.submit(asked, { decision: 'sign-out' });
    expect([refused.status, pageOf(refused)]).toEqual([400, 'error']);
    expect(await isSignedIn(person)).toBe(true);
  });

  it('sends on who was signed out in another tab meanwhile', async () => {
    const person = await signedInBrowser(service);
    const { idToken } = await signInTo(app, person);
    const asked = await logout(person.browser, { client_id: app.client.id, post_logout_redirect_uri: SIGNED_OUT_URI });
    await logout(person.browser, { id_token_hint: idToken });
    expect((await person.browser.submit(asked, { decision: 'sign-out' })).url).toBe(SIGNED_OUT_URI);
  });
});

describe('/sign-out without an app', () => {
  it('asks, signs out and says so', async () => {
    const person = await signedInBrowser(service);
    const asked = await person.browser.get('/sign-out');
    expect(asks(asked)).toBe(true);
    expect(pageOf(await person.browser.submit(asked, { decision: 'sign-out' }))).toBe('signed-out');
    expect(await isSignedIn(person)).toBe(false);
    expect(person.browser.cookies.has('countersign-session')).toBe(false);
    expect(pageOf(await person.browser.get('/sign-out'))).toBe('signed-out');
  });
});

describe('The end session endpoint switched off', () => {
  it('is not there and not in the metadata; people can sign out all the same', async () => {
    const off = await startService({ beside: service, issuance: { endpoints: { endSession: false } } });
    const person = await signedInBrowser(off);
    for (const method of ['GET', 'POST']) {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      expect((await person.browser.request(END_SESSION, { method, headers, ...(method === 'POST' && { body: '' }) })).status).toBe(404);
    }
    const { body: metadata } = await new ProtocolClient(off.url).json('GET', '/.well-known/openid-configuration');
    expect(Object.keys(metadata)).not.toContain('end_session_endpoint');
    await person.browser.submit(await person.browser.get('/sign-out'), { decision: 'sign-out' });
    expect(await sessionOf(off, person.browser)).toBeUndefined();
    await off.close();
  });
});
