import { decodeJwt, SignJWT } from 'jose';
import { Sessions } from '../../src/session/sessions.js';
import type { TestBrowser } from '../../src/testing/browser/test-browser.js';
import { FaultyProvider } from '../../src/testing/provider/faulty-provider.js';
import type { LogoutClaims } from '../../src/testing/provider/logout-tokens.js';
import { DatabaseRows } from '../support/database-rows.js';
import { WAYS, WebApp } from './support/web-app.js';

const told = (app: WebApp, token: string | LogoutClaims): Promise<Response> =>
  app.provider.backchannelLogout(`${app.address}/session/backchannel-logout`, token);
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
/** What comes of a delivery: its status, and that no cache may keep it. */
const toldTo = async (app: WebApp, token: string | LogoutClaims) => {
  const answer = await told(app, token);
  return [answer.status, answer.headers.get('cache-control')];
};
const seconds = (app: WebApp, more = 0): number => app.clock.now().getTime() / 1000 + more;
const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
/** A good token's claims, in a token that is none. */
const claimsOf = async (app: WebApp) => decodeJwt(await app.provider.logoutToken());

describe.each(WAYS)('Ending sessions from elsewhere: %s store on %s', (store, host) => {
  let app: WebApp;
  let other: WebApp;
  let browser: TestBrowser;
  beforeAll(async () => {
    app = await WebApp.start({ store, host });
    other = await WebApp.start({ store, host, beside: app });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    browser = await app.signedIn();
    app.events.length = 0;
  });

  const status = async (process = app, of = browser): Promise<number> => (await process.orders(app.cookieOf(of))).status;
  const idOf = async (of: TestBrowser): Promise<string> => ((await app.orders(app.cookieOf(of))).body as { id: string }).id;
  const endings = () => app.events.filter(({ name }) => name === 'session.ended').map(({ detail }) => detail);

  describe('Back-channel logout (session.md R38)', () => {
    it('R38: ends the session, on the next request in every process', async () => {
      const session = await idOf(browser);
      expect(await toldTo(app, {})).toEqual([200, 'no-store']);
      expect([await status(), await status(other)]).toEqual([401, 401]);
      expect(endings()).toEqual([{ session, subject: 'ada', reason: 'backchannel' }]);
    });

    it('R38: by the subject alone ends all that the person has here, and nothing that began later', async () => {
      const second = await other.signedIn();
      const token = await app.provider.logoutToken({ sub: 'ada' });
      app.clock.advance(10);
      const later = await app.signedIn();
      expect((await told(app, token)).status).toBe(200);
      expect([await status(), await status(app, second), await status(app, later)]).toEqual([401, 401, 200]);
    });

    it('R38: is answered 200 where nothing matches, and once in all processes', async () => {
      const token = await app.provider.logoutToken({ sid: 'unknown', sub: 'nobody' });
      expect([await toldTo(app, token), await toldTo(other, token)]).toEqual([
        [200, 'no-store'],
        [400, 'no-store'],
      ]);
      const [one, two] = await Promise.all([told(app, { sub: 'x', jti: 'twice' }), told(other, { sub: 'x', jti: 'twice' })]);
      expect([one.status, two.status].sort()).toEqual([200, 400]);
      expect([await status(), endings()]).toEqual([200, []]);
    });

    it.each([
      ['delete', 'web_session'],
      ['insert', 'web_session_logout_token'],
    ])('R38: may come again after the database failed at the %s', async (change, table) => {
      const rows = await DatabaseRows.open(app.database?.url ?? '');
      const token = await app.provider.logoutToken();
      await rows.client.query(`
        create or replace function fail() returns trigger language plpgsql as $$ begin raise 'away' using errcode = 'cannot_connect_now'; end $$;
        create trigger fails before ${change} on ${table} execute function fail()`);
      expect(await told(app, token)).toMatchObject({ status: 503 });
      await rows.client.query(`drop trigger fails on ${table}`);
      await rows.close();
      expect([(await told(app, token)).status, await status(other), (await told(app, token)).status]).toEqual([200, 401, 400]);
    });

    it.each<[string, () => Promise<string> | string]>([
      ['text that is no token', () => 'x'],
      ['a forged signature', () => app.provider.logoutToken({}, { forged: true })],
      ['no signature', async () => `${encoded({ alg: 'none', typ: 'logout+jwt' })}.${encoded(await claimsOf(app))}.`],
      [
        "the client's secret as the key",
        async () => new SignJWT(await claimsOf(app)).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from('secret')),
      ],
      ['another issuer', () => app.provider.logoutToken({ iss: 'https://evil.example' })],
      ['another app', () => app.provider.logoutToken({ aud: 'another' })],
      ['no app', () => app.provider.logoutToken({ aud: undefined })],
      ['tomorrow', () => app.provider.logoutToken({ iat: seconds(app, 61) })],
      ['long ago', () => app.provider.logoutToken({ iat: seconds(app, -3_661) })],
      ['no time', () => app.provider.logoutToken({ iat: undefined })],
      ['what has expired', () => app.provider.logoutToken({ exp: seconds(app, -60) })],
      ['no event', () => app.provider.logoutToken({ events: undefined })],
      ['another event', () => app.provider.logoutToken({ events: { 'https://example.com/event': {} } })],
      ['an event that says nothing', () => app.provider.logoutToken({ events: { [EVENT]: 'x' } })],
      ['an event that is a list', () => app.provider.logoutToken({ events: { [EVENT]: [] } })],
      ['events in a list', () => app.provider.logoutToken({ events: [EVENT] })],
      ['no end', () => app.provider.logoutToken({ exp: undefined })],
      ['the type of an access token', () => app.provider.logoutToken({}, { typ: 'at+jwt' })],
      ['a nonce', () => app.provider.logoutToken({ nonce: 'n' })],
      ['nobody', () => app.provider.logoutToken({ sub: undefined, sid: undefined })],
      ['a session that is no text', () => app.provider.logoutToken({ sub: 'ada', sid: 1 as unknown as string })],
      ['no jti', () => app.provider.logoutToken({ jti: undefined })],
    ])('R38: of %s is refused, and ends nothing', async (_, token) => {
      expect(await toldTo(app, await token())).toEqual([400, 'no-store']);
      expect(await status()).toBe(200);
    });

    it.each(['logout+jwt', 'application/logout+jwt', 'JWT'])('R38: may be of the type %s', async (typ) => {
      const token = await app.provider.logoutToken({ sub: 'nobody' }, { typ });
      expect((await told(app, token)).status).toBe(200);
    });

    it('R38: is not undone by a refresh that is under way', async () => {
      app.clock.advance(301);
      const held = app.provider.at('token').hold({ times: 1 });
      const waiting = app.orders(app.cookieOf(browser));
      await held.reached();
      await told(other, {});
      app.provider.at('token').release();
      expect((await waiting).status).toBe(401);
      expect([await status(), await status(other)]).toEqual([401, 401]);
    });
  });

  describe('endSessions()', () => {
    const sessions = () => app.app.get(Sessions, { strict: false });

    it('ends all that a person has here, in every process, and nothing of others', async () => {
      const more = await other.signedIn();
      const ids = [await idOf(browser), await idOf(more)];
      app.provider.person = { sub: 'grace' };
      const grace = await app.signedIn();
      app.provider.person = { sub: 'ada' };
      expect(await sessions().endSessions({ sub: 'ada' })).toBeGreaterThanOrEqual(2); // those of the tests before as well
      expect([await status(), await status(other), await status(app, more), await status(app, grace)]).toEqual([401, 401, 401, 200]);
      expect(endings()).toEqual(expect.arrayContaining(ids.map((session) => ({ session, subject: 'ada', reason: 'ended' }))));
      expect(await status(other, await app.signedIn())).toBe(200);
    });

    it('ends those of one session at the provider', async () => {
      const { sid } = app.provider.signIns.at(-1) ?? {};
      const more = await app.signedIn();
      expect(await sessions().endSessions({ sid: sid ?? '' })).toBe(1);
      expect([await status(), await status(app, more), await sessions().endSessions({ sid: sid ?? '' })]).toEqual([401, 200, 0]);
    });

    it('needs somebody whose they are', async () => {
      await expect(sessions().endSessions({} as { sub: string })).rejects.toThrow(TypeError);
    });
  });
});

it.each(WAYS)('R38: the issuer is as the provider spells it, whatever slash the options end with: %s store on %s', async (store, host) => {
  const provider = await FaultyProvider.start();
  const oidc = { issuer: `${provider.issuer}/`, clientId: 'shop', clientSecret: 'secret' };
  const app = await WebApp.start({ store, host, options: { oidc } });
  provider.register({ id: 'shop', secret: 'secret', redirectUris: [`${app.url}/session/callback`] });
  const cookie = app.cookieOf(await app.signedIn());
  const address = `${app.address}/session/backchannel-logout`;
  expect([(await provider.backchannelLogout(address, {})).status, (await app.orders(cookie)).status]).toEqual([200, 401]);
  await app.close();
  await provider.close();
});

it('R38: what is refused is in the log with the reason, once in a while, and never the token', async () => {
  const app = await WebApp.start({ database: false });
  const lines: unknown[] = [];
  const log = (line: unknown) => void lines.push(line);
  app.app.useLogger({ warn: log, log, error: log });
  const token = await app.provider.logoutToken({ sub: 'ada', iss: 'https://evil.example' });
  const good = await app.provider.logoutToken({ sub: 'nobody', aud: 'shop' });
  for (const told of [token, token, 'x', good, good])
    await app.provider.backchannelLogout(`${app.address}/session/backchannel-logout`, told);
  await app.get('/session/backchannel-logout', {}, 'POST');
  const why = ['iss check_failed', 'ERR_JWS_INVALID', 'jti came before', 'no logout_token in the form'];
  expect(lines).toEqual(why.map((reason) => ({ msg: 'A logout token was refused', why: reason })));
  await app.close();
});

it('R38 without a database: a token counts once, and comes again after the keys could not be read', async () => {
  const app = await WebApp.start({ database: false });
  const cookie = app.cookieOf(await app.signedIn());
  const token = await app.provider.logoutToken({ sub: 'ada' });
  app.provider.at('jwks').unavailable(undefined, { times: 1 });
  const statuses = [];
  for (let n = 0; n < 3; n++) statuses.push((await told(app, token)).status);
  app.clock.advance(1);
  const later = app.cookieOf(await app.signedIn());
  expect([statuses, (await app.orders(cookie)).status, (await app.orders(later)).status]).toEqual([[503, 200, 400], 401, 200]);
  expect(await app.app.get(Sessions, { strict: false }).endSessions({ sub: 'ada' })).toBe(0); // nobody has counted them
  expect((await app.orders(later)).status).toBe(401);
  await app.close();
});
