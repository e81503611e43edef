import type { TestBrowser } from '../../src/testing/browser/test-browser.js';
import { WAYS, WebApp } from './support/web-app.js';

describe.each(WAYS)('Back-channel logout (session.md R38): %s store on %s', (store, host) => {
  let app: WebApp;
  let other: WebApp;
  let browser: TestBrowser;
  beforeAll(async () => {
    app = await WebApp.start({ store, host });
    other = await WebApp.start({ store, host, beside: app });
  });
  afterAll(async () => {
    await other.close();
    await app.close();
  });
  beforeEach(async () => {
    browser = await app.signedIn();
  });

  const told = (token: Parameters<typeof app.provider.backchannelLogout>[1]) =>
    app.provider.backchannelLogout(`${app.url}/session/backchannel-logout`, token);
  const status = async (process = app): Promise<number> => (await process.orders(app.cookieOf(browser))).status;

  it('ends the session, on the next request in every process', async () => {
    const answer = await told({});
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect([await status(), await status(other)]).toEqual([401, 401]);
  });

  it('by the subject alone ends all that the person has here, and nothing that began later', async () => {
    const second = await other.signedIn();
    const token = await app.provider.logoutToken({ sub: 'ada' });
    app.clock.advance(10);
    const later = await app.signedIn();
    expect((await told(token)).status).toBe(200);
    expect([await status(), (await app.orders(app.cookieOf(second))).status]).toEqual([401, 401]);
    expect((await app.orders(app.cookieOf(later))).status).toBe(200);
  });

  it('is answered 200 where nothing matches, and 400 when it comes again', async () => {
    const token = await app.provider.logoutToken({ sid: 'unknown', sub: 'nobody' });
    expect([(await told(token)).status, (await told(token)).status]).toEqual([200, 400]);
    expect(await status()).toBe(200);
  });

  it.each<[string, () => Promise<string> | string]>([
    ['no token', () => 'x'],
    ['another issuer', () => app.provider.logoutToken({ iss: 'https://evil.example' })],
    ['another app', () => app.provider.logoutToken({ aud: 'another' })],
    ['a nonce', () => app.provider.logoutToken({ nonce: 'n' })],
    ['no event', () => app.provider.logoutToken({ events: undefined })],
    ['another event', () => app.provider.logoutToken({ events: { 'https://example.com/event': {} } })],
    ['nobody', () => app.provider.logoutToken({ sub: undefined, sid: undefined })],
    ['no jti', () => app.provider.logoutToken({ jti: undefined })],
    ['no time', () => app.provider.logoutToken({ iat: undefined })],
    ['a forged signature', () => app.provider.logoutToken({}, { forged: true })],
  ])('of %s is refused, and ends nothing', async (_, token) => {
    const answer = await told(await token());
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([400, 'no-store']);
    expect(await status()).toBe(200);
  });

  it('is not undone by a refresh that is under way', async () => {
    app.clock.advance(301);
    const held = app.provider.at('token').hold({ times: 1 });
    const waiting = app.orders(app.cookieOf(browser));
    await held.reached();
    await told({});
    app.provider.at('token').release();
    expect((await waiting).status).toBe(401);
    expect(await status(other)).toBe(401);
  });
});
