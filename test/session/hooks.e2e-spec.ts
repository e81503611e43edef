import { ForbiddenException, Injectable } from '@nestjs/common';
import type { SessionHooks, ValidationContext } from '../../src/session/session-hooks.js';
import { Clock } from '../../src/protocol/clock.js';
import { SessionPruning } from '../../src/session/session-pruning.js';
import { DatabaseRows } from '../support/database-rows.js';
import { WAYS, WebApp } from './support/web-app.js';

const CSRF = { 'x-csrf': '1' };

/** What the application does on each request, changed as the tests go. */
let validate: (context: ValidationContext) => void | Promise<void>;
const hooks: SessionHooks = {
  onSignIn: ({ claims, set }) => {
    set('since', 'yesterday');
    if (claims.sub === 'mallory') throw new Error('Not here.');
    return { sub: claims.sub, name: 'Ada L.' };
  },
  onValidate: (context) => validate(context),
  onRefreshed: ({ claims }) => void refreshed.push(claims?.sub),
};
let since: unknown;
let refreshed: (string | undefined)[] = [];

describe.each(WAYS)('Hooks: %s store on %s', (store, host) => {
  let app: WebApp;
  let cookie: string;
  beforeAll(async () => {
    app = await WebApp.start({ store, host, options: { hooks } });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    validate = () => undefined;
    refreshed = [];
    cookie = app.cookieOf(await app.signedIn());
    app.provider.forgetCalls();
    app.events.length = 0;
  });

  it('onSignIn maps the claims, and keeps values', async () => {
    validate = ({ session }) => void (since = session.get('since'));
    expect((await app.orders(cookie)).body.user).toEqual({ sub: 'ada', name: 'Ada L.' });
    expect(since).toBe('yesterday');
  });

  it('onSignIn refuses: there is no session', async () => {
    app.provider.person = { sub: 'mallory' };
    const browser = app.browser();
    const page = await browser.navigate(`${app.url}/orders`);
    app.provider.person = { sub: 'ada' };
    expect([page.status, browser.jar.cookies(app.url)]).toEqual([400, []]);
    while (app.provider.calls('revocation').length === 0) await new Promise((resolve) => setTimeout(resolve, 5)); // what nobody is going to use
  });

  it('onValidate is asked once a request, whoever asks for the session', async () => {
    let asked = 0;
    validate = () => void asked++;
    await app.orders(cookie);
    expect(asked).toBe(1);
  });

  it('reject() ends the session and makes the request anonymous', async () => {
    validate = ({ reject }) => reject('not wanted');
    const answer = await app.orders(cookie);
    expect([answer.status, answer.cookies]).toEqual([401, [expect.stringContaining('Max-Age=0')]]);
    expect(app.events.find(({ name }) => name === 'session.ended')?.detail).toMatchObject({ reason: 'rejected', detail: 'not wanted' });
    validate = () => undefined;
    expect((await app.orders(cookie)).status).toBe(401);
    while (app.provider.calls('revocation').length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('R37, R43: who is signed in is told, and may sign out, while onValidate throws or waits for a provider that is away', async () => {
    const at = async (path: string, method: string) => (await app.script(cookie, path, { method })).status;
    app.clock.advance(400);
    await app.provider.stop();
    for (const fails of [() => Promise.reject(new ForbiddenException()), ({ refresh }: ValidationContext) => refresh()]) {
      validate = fails;
      expect(await at('/session', 'GET')).toBe(200);
    }
    expect([await at('/session/logout', 'POST'), await at('/session', 'GET')]).toEqual([200, 401]);
    await app.provider.start();
  });

  it('what onValidate throws is the answer', async () => {
    validate = () => Promise.reject(new ForbiddenException());
    for (const path of ['/orders', '/']) expect((await app.script(cookie, path)).status).toBe(403);
    validate = () => undefined;
    expect((await app.orders(cookie)).status).toBe(200);
  });

  it.each<[string, (context: ValidationContext) => void | Promise<void>]>([
    ['is waited for', ({ session }) => session.end('not wanted')],
    ['is not waited for', ({ session }) => void session.end('not wanted')],
  ])('end() that %s makes the request anonymous, too', async (_, hook) => {
    validate = hook;
    const answer = await app.orders(cookie);
    expect([answer.status, answer.cookies]).toEqual([401, [expect.stringContaining('Max-Age=0')]]);
    expect(app.events.find(({ name }) => name === 'session.ended')?.detail).toMatchObject({ reason: 'logout', detail: 'not wanted' });
    expect(await (await app.script(cookie, '/')).json()).toEqual({ user: null });
    while (app.provider.calls('revocation').length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('reject() cancels what was to be renewed (R32)', async () => {
    validate = ({ renew, reject }) => {
      reject('not wanted');
      renew();
    };
    expect((await app.orders(cookie)).cookies).toEqual([expect.stringContaining('Max-Age=0')]);
  });

  it('renew() sends the cookie again', async () => {
    validate = ({ renew }) => renew();
    const answer = await app.orders(cookie);
    expect(answer.cookies).toEqual([expect.stringMatching(/Max-Age=[1-9]/)]);
  });

  it('replaceUser() holds from now on, but never for somebody else', async () => {
    validate = ({ replaceUser }) => replaceUser({ sub: 'mallory', name: 'Ada K.' });
    const answer = await app.orders(cookie);
    expect(answer.body.user).toEqual({ sub: 'ada', name: 'Ada K.' });
    validate = () => undefined;
    const next = answer.cookies.length > 0 ? answer.cookies.map((line) => line.split(';')[0]).join('; ') : cookie;
    expect((await app.orders(next)).body.user).toEqual({ sub: 'ada', name: 'Ada K.' });
  });

  it('refresh() refreshes, due or not', async () => {
    validate = ({ refresh }) => refresh();
    expect((await app.orders(cookie)).status).toBe(200);
    expect([app.refreshes, refreshed]).toEqual([1, ['ada']]);
  });

  it('onRefreshed comes once, not for those who wait', async () => {
    app.clock.advance(301);
    await Promise.all(Array.from({ length: 10 }, () => app.orders(cookie)));
    expect(refreshed).toEqual(['ada']);
  });
});

it('Hooks may be a class with dependencies', async () => {
  @Injectable()
  class Hooks implements SessionHooks {
    constructor(private readonly clock: Clock) {}

    onSignIn({ claims }: { claims: { sub: string } }) {
      return { sub: claims.sub, at: this.clock.now().toISOString() };
    }
  }
  const app = await WebApp.start({ options: { hooks: Hooks } });
  const browser = await app.signedIn();
  expect(await (await browser.xhr('/orders', { headers: CSRF })).json()).toMatchObject({ user: { at: app.clock.now().toISOString() } });
  await app.close();
});

describe.each(WAYS)('Large tokens: %s store on %s', (store, host) => {
  it('R5: the cookie grows and shrinks without losing the session, and leaves no piece behind', async () => {
    const app = await WebApp.start({ store, host });
    const browser = await app.signedIn();
    const pieces = (): number => browser.jar.cookies(app.url).length;
    const seen: number[] = [];
    for (const size of [0, 7_000, 3_000, 0]) {
      app.provider.settings.accessTokenFormat = 'opaque';
      app.provider.settings.accessTokenSize = size;
      app.provider.settings.idTokenOnRefresh = false;
      app.clock.advance(290);
      expect([size, (await browser.xhr('/orders', { headers: CSRF })).status]).toEqual([size, 200]);
      expect((await browser.xhr('/orders', { headers: CSRF })).status).toBe(200);
      seen.push(pieces());
    }
    expect(browser.jar.rejected).toEqual([]);
    if (store === 'postgres') expect(seen).toEqual([1, 1, 1, 1]);
    else expect([seen[1], seen[2], seen[3]]).toEqual([3, 2, seen[0]]);
    await app.close();
  });
});

it.each(WAYS)(
  'R6: what is more than cookies hold is kept in the row, at sign-in and later; without a database it is refused: %s store on %s',
  async (store, host) => {
    const app = await WebApp.start({ store, host });
    Object.assign(app.provider.settings, { accessTokenFormat: 'opaque', accessTokenSize: 12_000 });
    const browser = await app.signedIn();
    for (let n = 0; n < 3; n++) {
      const answer = await browser.xhr('/orders', { headers: CSRF });
      expect([answer.status, ((await answer.json()) as { token: string }).token.length]).toEqual([200, 12_000]);
      app.clock.advance(290);
    }
    expect([browser.jar.rejected, browser.jar.cookies(app.url).length]).toEqual([[], 1]);
    await app.close();
    const alone = await WebApp.start({ database: false, host });
    Object.assign(alone.provider.settings, { accessTokenFormat: 'opaque', accessTokenSize: 12_000 });
    const refused = await alone.browser().navigate(`${alone.url}/orders`);
    expect([refused.status, refused.body]).toEqual([400, expect.stringContaining('session_too_large')]);
    await alone.close();
  },
);

it('R44: sessions that have ended are deleted, in batches', async () => {
  const app = await WebApp.start({ store: 'postgres' });
  const rows = await DatabaseRows.open(app.database?.url ?? '');
  await app.signedIn();
  await rows.client.query(`
    insert into web_session (id_hash, created_at, idle_until, expires_at, issuer, subject, sealed)
    select sha256(n::text::bytea), created_at, idle_until, expires_at, issuer, subject, sealed from web_session, generate_series(1, 1100) n`);
  const pruning = app.app.get(SessionPruning, { strict: false });
  expect(await pruning.round()).toBe(0);
  app.clock.advance(8 * 3_600);
  const deleted = await Promise.all([pruning.round(), pruning.round(), pruning.round()]);
  expect([deleted.reduce((sum, n) => sum + n), (await rows.all())['web_session']?.length]).toEqual([1_101, 0]);
  await rows.close();
  await app.close();
});

it('R13 without a database: one process refreshes once, and later uses of the old cookie lead to the same tokens', async () => {
  const app = await WebApp.start({ database: false });
  const cookie = app.cookieOf(await app.signedIn());
  app.clock.advance(301);
  const answers = await Promise.all(Array.from({ length: 50 }, () => app.orders(cookie)));
  expect([answers.every(({ status }) => status === 200), app.refreshes]).toEqual([true, 1]);
  app.clock.advance(29);
  expect((await app.orders(cookie)).body.token).toBe(answers[0]?.body.token);
  expect(app.refreshes).toBe(1);
  await app.close();
});
