import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { SessionCounters } from '../../src/session/session-counters.js';
import type { ProviderCall } from '../../src/testing/provider/call-log.js';
import { DatabaseRows } from '../support/database-rows.js';
import { cookieAfter, WAYS, WebApp, type Orders } from './support/web-app.js';

const isOk = ({ status }: Orders): boolean => status === 200;
const nothing = (): void => undefined;

describe.each(WAYS)('Refreshing: %s store on %s', (store, host) => {
  let app: WebApp;
  let other: WebApp;
  let cookie: string;
  beforeAll(async () => {
    app = await WebApp.start({ store, host });
    other = await WebApp.start({ store, host, beside: app });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    app.provider.at('token').lift();
    cookie = app.cookieOf(await app.signedIn());
    app.provider.forgetCalls();
    app.events.length = 0;
  });
  const endings = () =>
    app.events.filter(({ name }) => name === 'session.ended').map(({ detail }) => (detail as { reason: string }).reason);

  it('R9: an access token with a minute left is used as it is; then the handler sees the next one, and an id stays what it was', async () => {
    app.clock.advance(239);
    const before = await app.orders(cookie);
    expect([before.status, before.cookies, app.refreshes]).toEqual([200, [], 0]);
    app.clock.advance(1);
    const after = await app.orders(cookie);
    expect([after.status, app.refreshes, after.cookies.length]).toEqual([200, 1, store === 'cookie' ? 1 : 0]);
    expect(after.body.token).not.toBe(before.body.token);
    expect(app.provider.accessToken(after.body.token ?? '')).toBeDefined();
    const again = await app.orders(cookieAfter(after, cookie));
    expect([again.body.token, app.refreshes]).toEqual([after.body.token, 1]);
  });

  it('R13, R44: a hundred requests with one expired cookie make one call; the others are counted as those who waited', async () => {
    app.clock.advance(301);
    const counters = app.app.get(SessionCounters, { strict: false });
    const counted = (label: string): number => counters.values().find((count) => count.label === label)?.count ?? 0;
    const [ok, waited] = [counted('ok'), counted('request')];
    const hold = app.provider.at('token').hold();
    const requests = Array.from({ length: 100 }, () => app.orders(cookie));
    while (counted('request') - waited < 99) await new Promise((resolve) => setTimeout(resolve, 5));
    hold.lift();
    const answers = await Promise.all(requests);
    expect([answers.filter(isOk).length, app.refreshes, counted('ok') - ok]).toEqual([100, 1, 1]);
    expect(new Set(answers.map(({ body }) => body.token)).size).toBe(1);
    expect(counters.text()).toMatch(/^countersign_session_refreshes_total\{outcome="ok"\} [1-9]\d*$/m);
  });

  it('R14: so do those at two processes that share the database', async () => {
    app.clock.advance(301);
    app.provider.at('token').delay(100);
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => (n % 2 === 0 ? app : other).orders(cookie)));
    expect([answers.filter(isOk).length, app.refreshes]).toEqual([50, 1]);
    expect(new Set(answers.map(({ body }) => body.token)).size).toBe(1);
  });

  it('R15: the old cookie leads to the same successor, in either process, and its browser gets the new one again', async () => {
    app.clock.advance(301);
    const first = await app.orders(cookie);
    for (const [after, process] of [
      [0, app],
      [0, other],
      [1, other],
      [29, app],
      [0, other],
    ] as const) {
      app.clock.advance(after);
      const late = await process.orders(cookie);
      expect([late.status, late.body.token, app.refreshes]).toEqual([200, first.body.token, 1]);
      if (store === 'cookie') expect(late.cookies).toHaveLength(1);
    }
  });

  it('R16: a cookie that never arrived is made good for later; one that did ends the old one after the leeway', async () => {
    app.clock.advance(301);
    const first = await app.orders(cookie);
    app.clock.advance(150);
    expect((await other.orders(cookie)).body.token).toBe(first.body.token);
    if (store === 'postgres') return; // there the cookie stays the same
    const newer = cookieAfter(first, cookie);
    expect((await other.orders(newer)).status).toBe(200);
    app.clock.advance(29);
    expect((await other.orders(cookie)).status).toBe(200);
    app.clock.advance(1);
    other.events.length = 0;
    const replay = await other.orders(cookie);
    expect([replay.status, replay.cookies]).toEqual([401, [expect.stringContaining('Max-Age=0')]]);
    expect(other.events.map(({ name }) => name)).toEqual(['session.replayed', 'session.rejected']);
    expect((await other.orders(newer)).status).toBe(200);
  });

  it.each<[string, () => unknown, () => unknown]>([
    ['answers 503', () => app.provider.at('token').unavailable(), nothing],
    ['answers 429', () => app.provider.at('token').tooManyRequests(), nothing],
    ['answers in HTML', () => app.provider.at('token').notJson(), nothing],
    ['breaks connections off', () => app.provider.at('token').dropAnswer({ committed: false }), nothing],
    ['refuses connections', () => app.provider.stop(), () => app.provider.start()],
  ])(
    'R23: with a provider that %s, a request is served until the token is over; then it is 503, and the session is kept',
    async (_, fail, mend) => {
      app.clock.advance(270);
      await fail();
      expect((await app.orders(cookie)).status).toBe(200);
      app.clock.advance(40);
      const refused = await app.orders(cookie);
      expect([refused.status, refused.cookies, refused.body.code]).toEqual([503, [], 'idp_unavailable']);
      expect(Number(refused.retryAfter)).toBeGreaterThan(0);
      const page = await app.get('/orders', { cookie, accept: 'text/html' });
      expect([page.status, page.headers.get('content-type')]).toEqual([503, 'text/html; charset=utf-8']);
      await mend();
      app.provider.at('token').lift();
      app.clock.advance(61);
      expect((await app.orders(cookie)).status).toBe(200);
      expect(endings()).toEqual([]);
    },
  );

  it('R24: it is not asked again at once', async () => {
    app.clock.advance(270);
    app.provider.at('token').unavailable();
    for (let n = 0; n < 5; n++) expect((await app.orders(cookie)).status).toBe(200);
    expect(app.refreshes).toBe(1);
    app.clock.advance(1);
    await Promise.all([app.orders(cookie), app.orders(cookie)]);
    expect(app.refreshes).toBe(2);
    app.clock.advance(1);
    await app.orders(cookie);
    expect(app.refreshes).toBe(2); // the pause has doubled
  });

  it.each<[string, () => void]>([
    ['invalid_grant', () => void app.provider.at('token').refuse('invalid_grant')],
    ['an id token of somebody else', () => void app.provider.at('token').wrongIdToken({ sub: 'mallory' })],
    ['an id token of another issuer', () => void app.provider.at('token').wrongIdToken({ iss: 'https://evil.example' })],
  ])('R26: %s ends the session: anonymous, the cookie is taken away, once', async (_, fault) => {
    app.clock.advance(301);
    fault();
    const answers = await Promise.all([app.orders(cookie), app.orders(cookie), app.orders(cookie)]);
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
    expect(answers.every(({ cookies }) => cookies.length === 1 && (cookies[0] ?? '').includes('Max-Age=0'))).toBe(true);
    expect([app.refreshes, endings()]).toEqual([1, ['invalid_grant']]);
    app.provider.at('token').lift();
    expect((await other.orders(cookie)).status).toBe(401);
    expect(app.app.get(SessionCounters, { strict: false }).text()).toMatch(
      /^countersign_session_ended_total\{reason="invalid_grant"\} [1-9]/m,
    );
  });

  it('R26: without a refresh token a session ends with its access token', async () => {
    app.provider.settings.refreshTokens = 'never';
    const short = app.cookieOf(await app.signedIn());
    app.provider.settings.refreshTokens = 'always';
    app.clock.advance(299);
    expect((await app.orders(short)).status).toBe(200);
    app.clock.advance(1);
    expect((await app.orders(short)).status).toBe(401);
    expect([endings(), app.refreshes]).toEqual([['invalid_grant'], 0]);
  });

  it.each(['invalid_client', 'unauthorized_client', 'invalid_scope'] as const)(
    'R27: an app that gets %s logs nobody out',
    async (error) => {
      app.clock.advance(301);
      app.provider.at('token').refuse(error);
      expect((await app.orders(cookie)).status).toBe(503);
      expect(app.events.map(({ name }) => name)).toContain('oidc.misconfigured');
      app.provider.at('token').lift();
      app.clock.advance(31);
      expect((await app.orders(cookie)).status).toBe(200);
    },
  );

  it('R32: a session that is used lives on past its idle time, but not past its end', async () => {
    let current = cookie;
    for (let hour = 0; hour < 23; hour++) {
      app.clock.advance(3_600);
      const answer = await app.orders(current);
      expect([hour, answer.status]).toEqual([hour, 200]);
      current = cookieAfter(answer, current);
    }
    app.clock.advance(3_600);
    expect((await app.orders(current)).status).toBe(401);
  });

  it('R32: one that is not used ends', async () => {
    app.clock.advance(8 * 3_600);
    expect((await app.orders(cookie)).status).toBe(401);
  });

  it('R4: a cookie or row by an old key is good as long as the key is in the ring', async () => {
    const newest = randomBytes(32).toString('base64');
    const rotated = await WebApp.start({ store, host, beside: app, options: { keys: [newest, ...app.keys] } });
    const answer = await rotated.orders(cookie);
    expect(answer.status).toBe(200);
    expect(answer.cookies).toHaveLength(store === 'cookie' ? 1 : 0);
    const without = await WebApp.start({ store, host, beside: app, options: { keys: [newest] } });
    expect((await without.orders(cookieAfter(answer, cookie))).status).toBe(store === 'cookie' ? 200 : 401);
    expect((await without.orders(cookie)).status).toBe(401);
    await rotated.close();
    await without.close();
  });

  it('R7: whatever else comes as a cookie is nobody’s, answered alike and taken away', async () => {
    const [name = '', value = ''] = cookie.split(/=(.*)/s);
    const flipped = value.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    const bad = ['', 'x', value.slice(0, -4), flipped, `1.abcd.${randomBytes(32).toString('base64url')}`, `2${value.slice(1)}`];
    const answers = await Promise.all([...bad.map((text) => `${name}=${text}`), `${cookie}; ${name}=x`].map((text) => app.orders(text)));
    for (const answer of answers) expect([answer.status, answer.cookies]).toEqual([401, [expect.stringMatching(/^session=; Max-Age=0/)]]);
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(app.refreshes).toBe(0);
    expect((await app.orders(cookie)).status).toBe(200);
  });

  it('R1: neither has the log, nor have events, whatever goes wrong', async () => {
    const lines: string[] = [];
    const keep = (...parts: unknown[]): void => void lines.push(inspect(parts, { depth: 9 }));
    app.app.useLogger({ log: keep, error: keep, warn: keep, debug: keep, verbose: keep, fatal: keep });
    const ofSignIn = { times: 1, when: ({ grantType }: ProviderCall) => grantType === 'authorization_code' };
    app.provider.at('token').wrongIdToken({ nonce: 'of another' }, ofSignIn);
    await app.browser().navigate(`${app.url}/orders`);
    app.clock.advance(301);
    app.provider.at('token').refuse('invalid_client', { times: 1 });
    await app.orders(cookie);
    app.clock.advance(31);
    app.provider.at('token').notJson({ times: 1 });
    await app.orders(cookie);
    app.clock.advance(61);
    const { body } = await app.orders(cookie);
    await app.orders(`${cookie}x`);
    await app.script(cookie, '/session/logout', { method: 'POST' });
    app.app.useLogger(['error', 'fatal']);
    const sent = app.provider
      .calls('token')
      .flatMap(({ parameters }) => [parameters['code'], parameters['code_verifier'], parameters['refresh_token']]);
    const secrets = [body.token, cookie.split('.').at(-1), ...sent].filter((secret) => secret !== undefined);
    expect([lines.length > 0, app.events.length > 0, secrets.length > 4]).toEqual([true, true, true]);
    const told = lines.join() + inspect(app.events, { depth: 9 });
    expect(secrets.filter((secret) => told.includes(secret))).toEqual([]);
  });

  it('R1: the database has nothing that could be used', async () => {
    app.clock.advance(301);
    const { body } = await app.orders(cookie);
    const rows = await DatabaseRows.open(app.database?.url ?? '');
    const dump = JSON.stringify(await rows.all());
    await rows.close();
    expect(dump).toMatch(/,ada,/);
    for (const secret of [body.token ?? 'none', cookie.split('.').at(-1) ?? 'none']) expect(dump).not.toContain(secret);
  });
});
