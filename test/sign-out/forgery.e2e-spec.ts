import { Browser, formOf, type Page } from '../support/browser.js';
import type { CodeFlow } from '../support/code-flow.js';
import { startService, type TestService } from '../support/service-app.js';
import { openApp, SIGNED_OUT_URI, signInTo } from './support/app.js';
import { sessionOf, signedInBrowser, signInWith, type SignedInBrowser } from './support/signed-in-browser.js';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const SESSION_COOKIE = 'countersign-session';

let service: TestService;
let app: CodeFlow;
beforeAll(async () => {
  service = await startService();
  app = await openApp(service);
});
afterAll(() => service.close());

const query = (parameters: Record<string, string>): string => new URLSearchParams(parameters).toString();
const forApp = () => query({ client_id: app.client.id, post_logout_redirect_uri: SIGNED_OUT_URI });
const isSignedIn = async ({ browser }: SignedInBrowser): Promise<boolean> => (await sessionOf(service, browser)) !== undefined;
const isRefused = ({ status, html }: Page): boolean => status === 400 && html.includes('data-message="expired"');

/* Cross-site request forgery, RFC 9700 §4.7; RP-Initiated Logout 1.0 §6: signing people out against their will. */
describe('Another site signs nobody out', () => {
  it('by a link, an image or a frame: without a hint of this very session the person is asked', async () => {
    const person = await signedInBrowser(service);
    for (const path of ['/sign-out', '/connect/logout', `/connect/logout?${forApp()}`]) {
      const page = await person.browser.get(path);
      expect(page.html).toContain('value="stay"');
      expect(page.headers.get('x-frame-options')).toBe('DENY');
      expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    }
    expect(await isSignedIn(person)).toBe(true);
  });

  it('by a form that brings no cookies: the answer takes no cookie away', async () => {
    const stranger = new Browser(service.url, service.issuer); // as the person's browser without its Lax cookies
    for (const path of ['/sign-out', '/connect/logout']) {
      for (const body of ['', forApp(), 'decision=sign-out&csrf=x', 'decision=sign-out&request=x']) {
        const response = await stranger.request(path, { method: 'POST', body, headers: FORM });
        expect(response.headers.getSetCookie().filter((cookie) => cookie.startsWith(SESSION_COOKIE))).toEqual([]);
      }
    }
    for (const path of ['/sign-out', `/connect/logout?${forApp()}`]) {
      const response = await stranger.request(path);
      expect(response.headers.getSetCookie()).toEqual([]);
    }
  });

  it.each<[string, (page: Page, person: SignedInBrowser) => Promise<Page>]>([
    ['no token', (page, { browser }) => browser.submit(page, { decision: 'sign-out', csrf: '' })],
    ['a made-up token', (page, { browser }) => browser.submit(page, { decision: 'sign-out', csrf: 'A'.repeat(43) })],
    [
      "a token of the attacker's own browser",
      async (page, { browser }) => {
        const attacker = await signedInBrowser(service);
        const { fields } = formOf(await attacker.browser.get(page.url));
        return browser.submit(page, { decision: 'sign-out', csrf: fields['csrf'] ?? '' });
      },
    ],
    [
      'a token of another page of ours',
      async (page, { browser }) => {
        const { fields } = formOf(await browser.get('/account'));
        return browser.submit(page, { decision: 'sign-out', csrf: fields['csrf'] ?? '' });
      },
    ],
    [
      'cross-site, as the browser says',
      (page, { browser }) => browser.submit(page, { decision: 'sign-out' }, { 'sec-fetch-site': 'cross-site' }),
    ],
    [
      'same-site, as the browser says',
      (page, { browser }) => browser.submit(page, { decision: 'sign-out' }, { 'sec-fetch-site': 'same-site' }),
    ],
    [
      'of another origin, as an older browser says',
      (page, { browser }) => {
        const { action, fields } = formOf(page);
        return browser.post(action, { ...fields, decision: 'sign-out' }, { origin: 'https://evil.example' });
      },
    ],
  ])('by a form: %s', async (_, forge) => {
    const person = await signedInBrowser(service);
    const page = await person.browser.get(`/connect/logout?${forApp()}`);
    expect(isRefused(await forge(page, person))).toBe(true);
    expect(await isSignedIn(person)).toBe(true);
  });
});

describe('A form to sign out is good', () => {
  it('for one session: not for who signed in with the browser after', async () => {
    const [first, second] = [await signedInBrowser(service), await signedInBrowser(service)];
    const page = await first.browser.get('/sign-out');
    first.browser.cookies.delete(SESSION_COOKIE);
    await signInWith(first.browser, second);
    expect(isRefused(await first.browser.submit(page, { decision: 'sign-out' }))).toBe(true);
    expect(await isSignedIn(first)).toBe(true);
  });

  it("for one app's request: it sends nobody on for another", async () => {
    const person = await signedInBrowser(service);
    const [plain, ofApp] = [await person.browser.get('/sign-out'), await person.browser.get(`/connect/logout?${forApp()}`)];
    const { request = '' } = formOf(ofApp).fields;
    expect(isRefused(await person.browser.submit(plain, { decision: 'sign-out', request }))).toBe(true);
    expect(isRefused(await person.browser.submit(ofApp, { decision: 'sign-out', request: '' }))).toBe(true);
    expect(await isSignedIn(person)).toBe(true);
    expect((await person.browser.submit(ofApp, { decision: 'sign-out' })).url).toBe(SIGNED_OUT_URI);
  });

  it('side by side in two tabs', async () => {
    const person = await signedInBrowser(service);
    const [one, two] = [await person.browser.get('/sign-out'), await person.browser.get('/sign-out')];
    await person.browser.submit(one, { decision: 'stay' });
    await person.browser.submit(two, { decision: 'sign-out' });
    expect(await isSignedIn(person)).toBe(false);
  });
});

describe('The ticket of a request to sign out', () => {
  it.each([
    ['nonsense', () => 'x'],
    ['an id token', (idToken: string) => idToken],
    ['an altered one', (_: string, ticket: string) => `${ticket.slice(0, -1)}${ticket.endsWith('A') ? 'B' : 'A'}`],
    ['one cut short', (_: string, ticket: string) => ticket.slice(0, -8)],
    ['twenty thousand characters', () => 'x'.repeat(10_000)],
  ])('is not %s', async (_, make) => {
    const person = await signedInBrowser(service);
    const { idToken } = await signInTo(app, person);
    const { request = '' } = formOf(await person.browser.get(`/connect/logout?${forApp()}`)).fields;
    const page = await person.browser.get(`/sign-out?${query({ request: make(idToken, request) })}`);
    expect(isRefused(page)).toBe(true);
    expect(await isSignedIn(person)).toBe(true);
  });

  it('of a hint signs out the session of the hint alone, in whichever browser it turns up', async () => {
    const [person, stranger] = [await signedInBrowser(service), await signedInBrowser(service)];
    const { idToken } = await signInTo(app, person);
    const nobody = new Browser(service.url, service.issuer);
    const response = await nobody.request('/connect/logout', { method: 'POST', body: query({ id_token_hint: idToken }), headers: FORM });
    const ticket = response.headers.get('location') ?? '';
    expect((await stranger.browser.get(ticket)).html).toContain('value="stay"');
    expect([await isSignedIn(stranger), await isSignedIn(person)]).toEqual([true, true]);
    expect((await person.browser.get(ticket)).html).toContain('data-message="signed-out"');
    expect([await isSignedIn(stranger), await isSignedIn(person)]).toEqual([true, false]);
  });
});
