import { randomBytes } from 'node:crypto';
import { DatabaseRows } from '../support/database-rows.js';
import { WAYS, WebApp, type Orders } from './support/web-app.js';

const ok = ({ status }: Orders): boolean => status === 200;
/** What a browser would send after this answer. */
const cookieAfter = (answer: Orders, before: string): string =>
  answer.cookies.length === 0 ? before : answer.cookies.map((line) => line.split(';')[0]).join('; ');

describe.each(WAYS)('Refreshing: %s store on %s', (store, host) => {
  let app: WebApp;
  let other: WebApp;
  let cookie: string;
  beforeAll(async () => {
    app = await WebApp.start({ store, host });
    other = await WebApp.start({ store, host, beside: app });
  });
  afterAll(async () => {
    await other.close();
    await app.close();
  });
  beforeEach(async () => {
    app.provider.at('token').lift();
    cookie = app.cookieOf(await app.signedIn());
    app.provider.forgetCalls();
    app.events.length = 0;
  });
  const endings = () =>
    app.events.filter(({ name }) => name === 'session.ended').map(({ detail }) => (detail as { reason: string }).reason);

  it('R9: an access token with a minute left is used as it is; then the handler sees the next one', async () => {
    app.clock.advance(239);
    const before = await app.orders(cookie);
    expect([before.status, before.cookies, app.refreshes]).toEqual([200, [], 0]);
    app.clock.advance(1);
    const after = await app.orders(cookie);
    expect([after.status, app.refreshes]).toEqual([200, 1]);
    expect(after.body.token).not.toBe(before.body.token);
    expect(app.provider.accessToken(after.body.token ?? '')).toBeDefined();
    const again = await app.orders(cookieAfter(after, cookie));
    expect([again.body.token, app.refreshes]).toEqual([after.body.token, 1]);
  });

  it('R13: a hundred requests with one expired cookie make one call', async () => {
    app.clock.advance(301);
    const answers = await Promise.all(Array.from({ length: 100 }, () => app.orders(cookie)));
    expect([answers.filter(ok).length, app.refreshes]).toEqual([100, 1]);
    expect(new Set(answers.map(({ body }) => body.token)).size).toBe(1);
  });

  it('R14: so do those at two processes that share the database', async () => {
    app.clock.advance(301);
    app.provider.at('token').delay(100);
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => (n % 2 === 0 ? app : other).orders(cookie)));
    expect([answers.filter(ok).length, app.refreshes]).toEqual([50, 1]);
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

  it('R23: with the provider away, a request is served until the token is over; then it is 503, and the session is kept', async () => {
    app.clock.advance(270);
    app.provider.at('token').unavailable();
    expect((await app.orders(cookie)).status).toBe(200);
    app.clock.advance(40);
    const refused = await app.orders(cookie);
    expect([refused.status, refused.cookies, refused.body.code]).toEqual([503, [], 'idp_unavailable']);
    expect(Number(refused.retryAfter)).toBeGreaterThan(0);
    app.provider.at('token').lift();
    app.clock.advance(31);
    expect((await app.orders(cookie)).status).toBe(200);
    expect(endings()).toEqual([]);
  });

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
  ])('R26: %s ends the session: anonymous, the cookie is taken away, once', async (_, fault) => {
    app.clock.advance(301);
    fault();
    const answers = await Promise.all([app.orders(cookie), app.orders(cookie), app.orders(cookie)]);
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
    expect(answers.every(({ cookies }) => cookies.length === 1 && (cookies[0] ?? '').includes('Max-Age=0'))).toBe(true);
    expect([app.refreshes, endings()]).toEqual([1, ['invalid_grant']]);
    app.provider.at('token').lift();
    expect((await other.orders(cookie)).status).toBe(401);
  });

  it('R27: an app that is configured wrongly logs nobody out', async () => {
    app.clock.advance(301);
    app.provider.at('token').refuse('invalid_client');
    expect((await app.orders(cookie)).status).toBe(503);
    expect(app.events.map(({ name }) => name)).toContain('oidc.misconfigured');
    app.provider.at('token').lift();
    app.clock.advance(31);
    expect((await app.orders(cookie)).status).toBe(200);
  });

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
