import { Controller, Get } from '@nestjs/common';
import { Authenticated } from '../../src/session/http/authenticated.decorator.js';
import { cookieAfter, WAYS, WebApp, type Orders } from './support/web-app.js';

let handled = 0;
@Controller()
class CountedController {
  @Get('counted')
  @Authenticated()
  counted(): object {
    return { handled: ++handled };
  }
}

/** Of a browser that goes away. */
const gone = (error: unknown): string => (error as Error).name;

describe.each(WAYS)('A provider that is slow or away: %s store on %s', (store, host) => {
  let app: WebApp;
  let other: WebApp;
  let cookie: string;
  beforeAll(async () => {
    app = await WebApp.start({ store, host, controllers: [CountedController] });
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
    handled = 0;
  });
  const ended = () => app.events.filter(({ name }) => name === 'session.ended').map(({ detail }) => (detail as { reason: string }).reason);
  const eventually = async <T>(look: () => Promise<T> | T, wanted: T): Promise<void> => {
    while ((await look()) !== wanted) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  it('R17: the first of ten who wait goes away: the others get their answer', async () => {
    app.clock.advance(301);
    const hold = app.provider.at('token').hold();
    const leaving = new AbortController();
    const first = app.orders(cookie, leaving.signal).catch(gone);
    await hold.reached();
    const others = Array.from({ length: 9 }, () => app.orders(cookie));
    leaving.abort();
    expect(await first).toBe('AbortError');
    hold.lift();
    const answers = await Promise.all(others);
    expect([answers.map(({ status }) => status), app.refreshes]).toEqual([Array(9).fill(200), 1]);
  });

  it('R17: all go away while another process refreshes: this one does not, and their handlers do not run', async () => {
    app.clock.advance(301);
    const hold = app.provider.at('token').hold();
    const elsewhere = other.orders(cookie);
    await hold.reached();
    const leaving = new AbortController();
    const here = [1, 2, 3].map(() => app.script(cookie, '/counted', { signal: leaving.signal }).catch(gone));
    await eventually(() => app.events.filter(({ name }) => name === 'refresh.shared').length, 2);
    leaving.abort();
    expect(await Promise.all(here)).toEqual(Array(3).fill('AbortError'));
    hold.lift();
    expect((await elsewhere).status).toBe(200);
    expect([(await app.orders(cookie)).status, app.refreshes, handled]).toEqual([200, 1, 0]);
  });

  it('R17: once it was sent, the call comes to its end and is stored, though nobody waits', async () => {
    app.clock.advance(301);
    const hold = app.provider.at('token').hold();
    const leaving = new AbortController();
    const only = app.script(cookie, '/counted', { signal: leaving.signal }).catch(gone);
    await hold.reached();
    leaving.abort();
    await only;
    hold.lift();
    const answer = await other.orders(cookie);
    expect([answer.status, app.refreshes, handled]).toEqual([200, 1, 0]);
  });

  it('R23: while the token is good, a request does not wait for a slow provider, and the next one has what it brought', async () => {
    app.clock.advance(270);
    const hold = app.provider.at('token').hold();
    const [before, beside] = await Promise.all([app.orders(cookie), app.orders(cookie)]);
    expect([before.status, beside.status, app.refreshes]).toEqual([200, 200, 1]);
    hold.lift();
    await eventually(() => app.events.some(({ name }) => name === 'session.refreshed'), true);
    const after = await app.orders(cookie);
    expect([after.status, app.refreshes]).toEqual([200, 1]);
    expect(after.body.token).not.toBe(before.body.token);
  });

  it('R25: no answer: once more with the same refresh token', async () => {
    app.clock.advance(301);
    app.provider.at('token').dropAnswer({ times: 1, committed: false });
    const answer = await app.orders(cookie);
    const [first, second, ...more] = app.provider.calls('token', 'refresh_token').map(({ parameters }) => parameters['refresh_token']);
    expect([answer.status, more, first]).toEqual([200, [], second]);
  });

  it('R25: the answer was lost, and the provider takes no token twice: the session is over, and says why', async () => {
    app.clock.advance(301);
    app.provider.at('token').dropAnswer({ times: 1 });
    expect([(await app.orders(cookie)).status, app.refreshes, ended()]).toEqual([401, 2, ['refresh_lost']]);
  });

  it.each([
    ['R24: it is given as much time as it asks for', 90, 90],
    ['R23, R24: but five minutes at most, and no caller is told to wait longer', 86_400, 300],
  ])('%s', async (_, asked, given) => {
    app.clock.advance(301);
    app.provider.at('token').tooManyRequests(asked);
    expect((await app.orders(cookie)).retryAfter).toBe(String(given));
    app.provider.at('token').lift();
    app.clock.advance(given - 1);
    expect([(await app.orders(cookie)).status, app.refreshes]).toEqual([503, 1]);
    app.clock.advance(1);
    expect([(await app.orders(cookie)).status, app.refreshes]).toEqual([200, 2]);
  });
});

it.each(WAYS)('R25, R18: two time-outs are one failure, and another process takes over: %s store on %s', async (store, host) => {
  const options = { refresh: { timeout: 0.5 } };
  const app = await WebApp.start({ store, host, options });
  const other = await WebApp.start({ store, host, options, beside: app });
  const cookie = app.cookieOf(await app.signedIn());
  app.provider.forgetCalls();
  app.clock.advance(301);
  const hole = app.provider.at('token').blackHole({ times: 2 });
  const answer = app.orders(cookie);
  await hole.reached();
  const elsewhere = other.orders(cookie);
  expect([(await answer).status, (await answer).body.code]).toEqual([503, 'idp_unavailable']);
  expect([(await elsewhere).status, app.refreshes]).toEqual([200, 3]);
  await other.close();
  await app.close();
});

it.each(WAYS)('R24: twenty refreshes at a time, and the others in their turn: %s store on %s', async (store, host) => {
  const app = await WebApp.start({ store, host });
  const cookies = await Promise.all(Array.from({ length: 30 }, async () => app.cookieOf(await app.signedIn())));
  app.clock.advance(301);
  app.provider.forgetCalls();
  const hold = app.provider.at('token').hold();
  const answers = cookies.map((cookie) => app.orders(cookie));
  await hold.reached(20);
  await app.script('', '/static');
  expect(app.refreshes).toBe(20);
  hold.lift();
  expect((await Promise.all(answers)).every(({ status }) => status === 200)).toBe(true);
  expect(app.refreshes).toBe(30);
  await app.close();
});

it.each(WAYS)('R23: `outageGrace` serves for that much longer, without an access token: %s store on %s', async (store, host) => {
  const app = await WebApp.start({ store, host, options: { refresh: { outageGrace: 60 } }, controllers: [CountedController] });
  const cookie = app.cookieOf(await app.signedIn());
  app.provider.at('token').unavailable();
  app.clock.advance(359);
  const statusOf = async (path: string): Promise<number> => (await app.script(cookie, path)).status;
  expect([await statusOf('/counted'), await statusOf('/orders')]).toEqual([200, 503]);
  app.clock.advance(1);
  expect(await statusOf('/counted')).toBe(503);
  await app.close();
});

it('R14 without a database: a refresh in flight does not outlive the log-out', async () => {
  const app = await WebApp.start({ database: false });
  const cookie = app.cookieOf(await app.signedIn());
  app.clock.advance(270);
  const hold = app.provider.at('token').hold({ committed: true });
  const order: Promise<Orders> = app.orders(cookie);
  await hold.reached();
  const left = await app.script(cookie, '/session/logout', { method: 'POST' });
  expect(left.status).toBe(200);
  hold.lift();
  await order;
  while (app.provider.calls('revocation').length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  expect((await app.orders(cookieAfter(await order, cookie))).status).toBe(401);
  await app.close();
});
