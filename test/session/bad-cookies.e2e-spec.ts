import { randomBytes } from 'node:crypto';
import { createDatabase } from '../support/postgres.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { WAYS, WebApp } from './support/web-app.js';

/** count.tag.chunk, and tag.chunk: what a cookie holds that is one piece. */
const chunkOf = (cookie: string): string => cookie.split('.').at(-1) ?? '';
const random = (bytes: number): string => randomBytes(bytes).toString('base64url');

describe.each(WAYS)('Cookies that are worth nothing (session.md R7): %s store on %s', (store, host) => {
  let app: WebApp;
  let elsewhere: WebApp;
  let cookie: string;
  /** A session of three pieces, where a session can have them. */
  let pieces: string[];
  beforeAll(async () => {
    app = await WebApp.start({ store, host });
    elsewhere = await WebApp.start({ store, host });
  });
  afterAll(async () => {
    await elsewhere.close();
    await app.close();
  });
  beforeEach(async () => {
    cookie = app.cookieOf(await app.signedIn());
    Object.assign(app.provider.settings, { accessTokenFormat: 'opaque', accessTokenSize: 6_500 });
    const large = app.cookieOf(await app.signedIn());
    pieces = store === 'cookie' ? large.split('; ') : ['session=3.abcd.x', 'session-1=abcd.y', 'session-2=abcd.z'];
    Object.assign(app.provider.settings, { accessTokenFormat: 'jwt', accessTokenSize: 0 });
    app.provider.forgetCalls();
    app.events.length = 0;
  });

  /** Nobody is signed in; a guarded route says so, an open one serves; the cookie is taken away each time it comes. */
  async function expectNobody(sent: string, reason: string): Promise<void> {
    const guarded = await app.get('/orders', { cookie: sent, 'x-csrf': '1' });
    const open = await app.get('/', { cookie: sent });
    expect([guarded.status, await guarded.json()]).toEqual([401, expect.objectContaining({ status: 401, signIn: '/session/login' })]);
    expect([open.status, await open.json()]).toEqual([200, { user: null }]);
    for (const { headers } of [guarded, open]) {
      const lines = headers.getSetCookie();
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.filter((line) => !/^session(-\d)?=; Max-Age=0; /.test(line))).toEqual([]);
    }
    const rejected = { name: 'session.rejected', detail: { reason } };
    expect(app.events).toEqual([rejected, rejected]);
    expect(app.provider.calls()).toEqual([]);
  }

  const flipped = (text: string, at: number): string => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
  /** For the postgres store whatever is no id; other ids are unknown. */
  const ofOther = store === 'cookie' ? 'malformed' : 'ended';

  it.each<[string, () => string, string]>([
    ['a flipped bit', () => flipped(cookie, cookie.lastIndexOf('.') + 20), ofOther],
    ['cut short', () => cookie.slice(0, -5), 'malformed'],
    ['an unknown version', () => `session=1.abcd.${Buffer.from([9, ...randomBytes(80)]).toString('base64url')}`, 'malformed'],
    ['an unknown key', () => `session=1.abcd.${flipped(chunkOf(cookie), 3)}`, ofOther],
    ['nothing', () => 'session=', 'malformed'],
    ['two of the name', () => `${cookie}; ${cookie}`, 'malformed'],
    ['a missing piece', () => `${pieces[0]}; ${pieces[2]}`, 'malformed'],
    ['a missing first piece', () => `${pieces[1]}; ${pieces[2]}`, 'malformed'],
    ['a piece twice', () => [...pieces, pieces[1]].join('; '), 'malformed'],
    ['a piece of another value', () => `${pieces[0]}; session-1=zzzz.x; ${pieces[2]}`, 'malformed'],
    ['too large', () => `session=1.abcd.${random(8_000)}`, 'malformed'],
    ['an id that nobody has', () => `session=1.abcd.${random(32)}`, ofOther],
  ])('%s', (_, sent, reason) => expectNobody(sent(), reason));

  it('that of another environment: other keys, another database', async () => {
    const foreign = elsewhere.cookieOf(await elsewhere.signedIn());
    await expectNobody(foreign, ofOther);
  });

  it('R3: that of an attempt to sign in', async () => {
    const visitor = app.browser();
    await visitor.xhr(`${app.url}/session/login`);
    const attempt = visitor.jar.cookies(app.url)[0]?.value ?? '';
    expect(attempt).toMatch(/^1\.[\w-]{4}\.[\w-]{100,}$/);
    await expectNobody(`session=${attempt}`, 'malformed');
  });

  it('R3: a session is no attempt to sign in either', async () => {
    const visitor = app.browser();
    const link = (await visitor.xhr(`${app.url}/session/login`)).headers.get('location') ?? '';
    visitor.jar.tamper(() => cookie.slice('session='.length));
    const page = await visitor.navigate(link);
    expect(page.visited.filter((url) => url.includes('/authorize'))).toHaveLength(2); // begun again
  });

  it('one that has expired', async () => {
    app.clock.advance(8 * 3_600);
    await expectNobody(cookie, 'ended');
  });

  it('one that was revoked', async () => {
    await app.provider.backchannelLogout(`${app.url}/session/backchannel-logout`, { sub: 'ada', sid: undefined });
    app.events.length = 0;
    app.provider.forgetCalls();
    await expectNobody(cookie, 'ended');
  });
});

describe.each(WAYS)('While the session store cannot be reached (session.md R7): %s store on %s', (store, host) => {
  it('requests with a cookie are 503 and keep it; others are served; nobody can sign in, which is 503 as well', async () => {
    const database = await createDatabase();
    const proxy = new TcpProxy(database.url);
    await proxy.open();
    const app = await WebApp.start({ store, host, database: { ...database, url: proxy.url } });
    const cookie = app.cookieOf(await app.signedIn());
    const visitor = app.browser();
    const link = (await visitor.xhr(`${app.url}/session/login`)).headers.get('location') ?? '';
    app.events.length = 0;
    await proxy.cut();
    for (const path of ['/orders', '/', '/session']) {
      const answer = await app.get(path, { cookie, 'x-csrf': '1' });
      expect([path, answer.status, answer.headers.getSetCookie()]).toEqual([path, 503, []]);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await answer.json()).toMatchObject({ status: 503, code: 'session_store_unavailable' });
    }
    expect((await app.get('/', {})).status).toBe(200);
    expect((await visitor.navigate(link)).status).toBe(503);
    expect(app.events).toEqual([]);
    await proxy.open();
    expect((await app.orders(cookie)).status).toBe(200);
    await app.close();
    await proxy.cut();
  });
});
