import { jest } from '@jest/globals';
import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { Authenticated } from '../../src/session/http/authenticated.decorator.js';
import { CurrentSession } from '../../src/session/http/current-session.decorator.js';
import type { WebSession } from '../../src/session/web-session.js';
import { WebSessionStore } from '../../src/storage/web-session.store.js';
import { DatabaseRows } from '../support/database-rows.js';
import { cookieAfter, WAYS, WebApp } from './support/web-app.js';

/** What slow handlers wait for. */
const release: (() => void)[] = [];
const released = (): Promise<void> => new Promise((resolve) => release.push(resolve));
const letGo = (): void => release.splice(0).forEach((go) => go());

@Controller()
@Authenticated()
class BasketController {
  @Get('basket')
  basket(@CurrentSession() session: WebSession): object {
    return { a: session.get('a') ?? null, b: session.get('b') ?? null, c: session.get('c') ?? null, user: session.user, id: session.id };
  }

  /** `slow`: with what it knows of the session from before it was told to go on. */
  @Post('basket')
  async put(@CurrentSession() session: WebSession, @Body() { name, value, slow }: { name: string; value?: unknown; slow?: boolean }) {
    if (slow) await released();
    try {
      await session.set(name, value);
    } catch (error) {
      return { error: (error as Error).name };
    }
    return { kept: session.get(name) ?? null };
  }

  @Post('promote')
  async promote(@CurrentSession() session: WebSession): Promise<object> {
    await session.regenerate();
    return { id: session.id, token: await session.accessToken() };
  }

  @Get('token')
  async token(@CurrentSession() session: WebSession, @Query('resource') resource?: string, @Query('scope') scope?: string) {
    return { token: await session.accessToken({ ...(resource && { resource }), ...(scope && { scope }) }) };
  }

  @Get('slow-token')
  async slowToken(@CurrentSession() session: WebSession): Promise<object> {
    await released();
    return { token: await session.accessToken({ force: true }) };
  }

  @Get('slow')
  async slow(@CurrentSession() session: WebSession): Promise<object> {
    await released();
    return { user: session.user.sub };
  }
}

interface Basket {
  readonly a: unknown;
  readonly b: unknown;
  readonly id: string;
  readonly token: string;
}

describe.each(WAYS)('What an application changes in a session: %s store on %s', (store, host) => {
  let app: WebApp;
  let other: WebApp;
  let cookie: string;
  beforeAll(async () => {
    app = await WebApp.start({ store, host, controllers: [BasketController] });
    other = await WebApp.start({ store, host, beside: app, controllers: [BasketController] });
  });
  afterAll(async () => {
    await other.close();
    await app.close();
  });
  beforeEach(async () => {
    cookie = app.cookieOf(await app.signedIn());
    app.provider.forgetCalls();
    app.events.length = 0;
  });

  const at = async (process: WebApp, path: string, body?: object) => {
    const init = body && { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const answer = await process.script(cookie, path, init);
    return { status: answer.status, cookies: answer.headers.getSetCookie(), body: (await answer.json()) as Basket };
  };
  const waitFor = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  it('R20: values are kept by name: a slow handler writes its own, and neither another one nor the tokens', async () => {
    expect((await at(app, '/basket')).body).toMatchObject({ a: null, b: null });
    expect((await at(app, '/basket', { name: 'a', value: { count: 1 } })).body).toEqual({ kept: { count: 1 } });
    const slow = at(app, '/basket', { name: 'b', value: 'late', slow: true });
    await waitFor(() => release.length === 1);
    app.clock.advance(301);
    const refreshed = await other.orders(cookie);
    await at(other, '/basket', { name: 'a', value: { count: 2 } });
    letGo();
    expect((await slow).body).toEqual({ kept: 'late' });
    cookie = cookieAfter(refreshed, cookie);
    expect((await at(app, '/basket')).body).toMatchObject({ a: { count: 2 }, b: 'late' });
    expect([(await app.orders(cookie)).body.token, app.refreshes]).toEqual([refreshed.body.token, 1]);
    await at(other, '/basket', { name: 'a' });
    expect((await at(app, '/basket')).body).toMatchObject({ a: null, b: 'late' });
  });

  it('R1: they are sealed, for this session and name', async () => {
    await at(app, '/basket', { name: 'a', value: 'a secret of ada' });
    const rows = await DatabaseRows.open(app.database?.url ?? '');
    expect(JSON.stringify(await rows.all())).not.toContain('a secret of ada');
    await rows.client.query(`update web_session set data = jsonb_build_object('b', data->'a') where data ? 'a'`);
    await rows.close();
    expect((await at(app, '/basket')).body).toMatchObject({ a: null, b: null });
  });

  it.each<[string, unknown, string]>([
    ['', 1, 'TypeError'],
    ['a b', 1, 'TypeError'],
    ['n'.repeat(65), 1, 'TypeError'],
    ['a', 'x'.repeat(8_191), 'RangeError'],
  ])('a value that cannot be kept under the name “%.10s” changes nothing', async (name, value, error) => {
    expect((await at(app, '/basket', { name, value })).body).toEqual({ error });
    expect((await at(app, '/basket')).body).toMatchObject({ a: null });
  });

  it('R21: the id stays over a refresh; regenerate() gives another one with all that was kept, and the old one is dead at once', async () => {
    await at(app, '/basket', { name: 'a', value: 1 });
    const { id } = (await at(app, '/basket')).body;
    app.clock.advance(301);
    const refreshed = await app.orders(cookie);
    const old = cookie;
    cookie = cookieAfter(refreshed, cookie);
    expect((await at(app, '/basket')).body.id).toBe(id);
    const promoted = await at(app, '/promote', {});
    expect([promoted.status, promoted.body.token]).toEqual([201, refreshed.body.token]);
    expect(promoted.body.id).not.toBe(id);
    for (const dead of [old, cookie]) {
      for (const process of [app, other]) {
        const late = await process.orders(dead);
        expect([late.status, late.cookies]).toEqual([401, []]); // the browser may have the new cookie by now
      }
    }
    cookie = cookieAfter(promoted, cookie);
    expect((await at(other, '/basket')).body).toMatchObject({ a: 1, id: promoted.body.id });
    app.clock.advance(301);
    expect([(await other.orders(cookie)).status, app.refreshes]).toEqual([200, 2]);
  });

  it('R21: regenerate() and a refresh at the same time both come out', async () => {
    app.clock.advance(270); // due, and good
    const hold = app.provider.at('token').hold({ times: 1 });
    const [order, promotion] = [other.orders(cookie), hold.reached().then(() => at(app, '/promote', {}))];
    await hold.reached();
    hold.lift();
    expect((await order).status).toBe(200);
    const promoted = await promotion;
    expect(promoted.status).toBe(201);
    cookie = cookieAfter(promoted, cookie);
    app.clock.advance(60);
    expect([(await app.orders(cookie)).status, app.refreshes]).toEqual([200, 1]);
  });

  it('R20, R21: of several who regenerate at once one does, and no other answer takes its cookie away', async () => {
    const answers = await Promise.all([app, other, app, other, app].map((process) => at(process, '/promote', {})));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 401, 401, 401, 401]);
    expect(answers.flatMap(({ cookies }) => cookies)).toEqual([expect.stringMatching(/Max-Age=[1-9]/)]);
    const winner = answers.find(({ status }) => status === 201);
    expect((await other.orders(cookieAfter(winner ?? { cookies: [] }, cookie))).status).toBe(200);
  });

  it('R20, R21: nor does one that comes when the new id is stored and nobody has been told', async () => {
    const store = app.app.get(WebSessionStore, { strict: false });
    const rename = store.rename.bind(store);
    const late: Awaited<ReturnType<WebApp['orders']>>[] = [];
    const renaming = jest.spyOn(store, 'rename').mockImplementationOnce(async (...parameters) => {
      const renamed = await rename(...parameters);
      late.push(await other.orders(cookie), await app.orders(cookie));
      return renamed;
    });
    expect((await at(app, '/promote', {})).status).toBe(201);
    expect(late.map(({ status, cookies }) => [status, cookies])).toEqual(late.map(() => [401, []]));
    expect(late).toHaveLength(2);
    renaming.mockRestore();
  });

  it('R19: a token for another API and the session’s own one, at once in two processes: two calls, to each its own', async () => {
    app.clock.advance(301);
    const resource = 'https://stock.example';
    const tokens = await Promise.all([
      ...[app, other, app].map((process) => at(process, `/token?resource=${resource}`)),
      ...[app, other].map((process) => at(process, '/token')),
      at(other, '/token?scope=openid'),
    ]);
    const records = tokens.map(({ body }) => app.provider.accessToken(body.token));
    expect(records.map((record) => record?.audience === resource)).toEqual([true, true, true, false, false, false]);
    expect(records.at(-1)?.scope).toBe('openid');
    expect(new Set(tokens.map(({ body }) => body.token)).size).toBe(3);
    expect(app.refreshes).toBe(3);
    const newest = await app.orders(cookie);
    expect(newest.body.token).toBe(tokens[3]?.body.token);
  });

  it('R24: a token that the provider does not give keeps nobody from the session’s own', async () => {
    app.provider.at('token').tooManyRequests(400, { when: ({ parameters }) => parameters['scope'] === 'openid' });
    expect((await app.script(cookie, '/token?scope=openid')).status).toBe(503);
    app.clock.advance(301);
    expect([(await app.orders(cookie)).status, app.refreshes]).toEqual([200, 2]);
    app.provider.at('token').lift();
  });

  it('R26: a handler that finds its session ended elsewhere answers as if nobody were signed in, and the cookie goes', async () => {
    const slow = app.script(cookie, '/slow-token');
    await waitFor(() => release.length === 1);
    await other.script(cookie, '/session/logout', { method: 'POST' });
    letGo();
    expect([(await slow).status, (await slow).headers.getSetCookie()]).toEqual([401, [expect.stringContaining('Max-Age=0')]]);
  });

  it('R32: an answer that comes after the log-out does not bring the cookie back', async () => {
    app.clock.advance(301);
    const slow = app.script(cookie, '/slow'); // refreshed, and due to send the new cookie
    await waitFor(() => release.length === 1);
    expect((await app.script(cookie, '/session/logout', { method: 'POST' })).status).toBe(200);
    letGo();
    expect([(await slow).status, (await slow).headers.getSetCookie()]).toEqual([200, []]);
    expect((await other.orders(cookie)).status).toBe(401);
  });

  it.each<[string, number, string]>([
    ['after a refresh that comes after the log-out in another process', 301, '/session/logout'],
    ['after a refresh that comes after another id was given in another process', 301, '/promote'],
    ['of a longer life that comes after the log-out in another process', 4 * 3_600 + 1, '/session/logout'],
    ['of a longer life that comes after another id was given in another process', 4 * 3_600 + 1, '/promote'],
  ])('R32: a cookie %s is not sent', async (_, seconds, path) => {
    app.clock.advance(seconds);
    const slow = at(app, '/slow');
    await waitFor(() => release.length === 1);
    const done = await at(other, path, {});
    letGo();
    expect([done.status < 300, (await slow).status, (await slow).cookies]).toEqual([true, 200, []]);
    const status = path === '/promote' ? 200 : 401;
    expect((await app.orders(cookieAfter(done, cookie))).status).toBe(status);
  });

  it('R20: the cookie of a slow answer has the tokens that another process has brought meanwhile', async () => {
    app.clock.advance(4 * 3_600 + 1);
    const slow = at(app, '/slow');
    await waitFor(() => release.length === 1);
    app.clock.advance(301);
    const newer = cookieAfter(await other.orders(cookie), cookie);
    const { token } = (await other.orders(newer)).body;
    app.clock.advance(31); // past the leeway of what came before
    letGo();
    const late = await slow;
    expect(late.cookies).toHaveLength(1);
    const after = await app.orders(cookieAfter(late, newer));
    expect([after.status, after.body.token, app.refreshes]).toEqual([200, token, 2]);
  });
});

describe('R16: what becomes of a session whose old cookie comes again is the app’s choice', () => {
  it.each(['fastify', 'express'] as const)('`revoke` ends it for everybody (%s)', async (host) => {
    const app = await WebApp.start({ host, options: { refresh: { onReplay: 'revoke' } } });
    const old = app.cookieOf(await app.signedIn());
    app.clock.advance(301);
    const newer = cookieAfter(await app.orders(old), old);
    expect((await app.orders(newer)).status).toBe(200);
    app.clock.advance(30);
    expect([(await app.orders(old)).status, (await app.orders(newer)).status]).toEqual([401, 401]);
    expect(app.events.find(({ name }) => name === 'session.ended')?.detail).toMatchObject({ reason: 'replay', subject: 'ada' });
    await app.close();
  });
});

describe('Without a database', () => {
  it('R20, R21, R37: values are kept in the cookie; the old id and a copy of the cookie are dead in this process', async () => {
    const app = await WebApp.start({ database: false, controllers: [BasketController] });
    const cookie = app.cookieOf(await app.signedIn());
    const post = (with_: string, path: string, body: object) =>
      app.script(with_, path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
    const kept = await post(cookie, '/basket', { name: 'a', value: 1 });
    const withValue = cookieAfter({ cookies: kept.headers.getSetCookie() }, cookie);
    const promoted = await post(withValue, '/promote', {});
    expect((await app.orders(withValue)).status).toBe(401);
    const current = cookieAfter({ cookies: promoted.headers.getSetCookie() }, withValue);
    expect(await (await app.script(current, '/basket')).json()).toMatchObject({ a: 1 });
    await app.script(current, '/session/logout', { method: 'POST' });
    expect((await app.orders(current)).status).toBe(401);
    await app.close();
  });

  describe('a slow answer', () => {
    let app: WebApp;
    let cookie: string;
    beforeEach(async () => {
      app = await WebApp.start({ database: false, controllers: [BasketController] });
      cookie = app.cookieOf(await app.signedIn());
      app.provider.forgetCalls();
    });
    afterEach(() => app.close());
    const put = (body: object): Promise<Response> =>
      app.script(cookie, '/basket', { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
    const after = (answer: Response, before: string): string => cookieAfter({ cookies: answer.headers.getSetCookie() }, before);
    const begun = async (): Promise<void> => {
      while (release.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    };

    it('R20: brings the tokens of a refresh that others have done since, however long ago', async () => {
      const slow = put({ name: 'a', value: 1, slow: true });
      await begun();
      app.clock.advance(280);
      const refreshed = await app.orders(cookie);
      app.clock.advance(31);
      letGo();
      const late = after(await slow, cookieAfter(refreshed, cookie));
      const next = await app.orders(late);
      expect([next.status, next.body.token, app.refreshes]).toEqual([200, refreshed.body.token, 1]);
      app.clock.advance(300);
      expect([(await app.orders(late)).status, app.refreshes]).toEqual([200, 2]);
      expect(await (await app.script(late, '/basket')).json()).toMatchObject({ a: 1 });
    });

    it('R20: so does one that asks for a token, or another id, itself', async () => {
      const slow = [app.script(cookie, '/slow-token'), put({ name: 'a', value: 1, slow: true })];
      while (release.length < 2) await begun().then(() => new Promise((resolve) => setTimeout(resolve, 5)));
      app.clock.advance(280);
      await app.orders(cookie);
      app.clock.advance(31);
      letGo();
      const answers = await Promise.all(slow);
      expect([answers.map(({ status }) => status), app.refreshes]).toEqual([[200, 201], 2]);
      for (const answer of answers) expect((await app.orders(after(answer, cookie))).status).toBe(200);
    });

    it('R20: keeps what others have kept or taken away under other names', async () => {
      cookie = after(await put({ name: 'c', value: 3 }), cookie);
      const slow = put({ name: 'a', value: 1, slow: true });
      await begun();
      const before = cookie;
      cookie = after(await put({ name: 'b', value: 2 }), before);
      await put({ name: 'c' });
      cookie = before;
      letGo();
      const late = after(await slow, cookie);
      expect(await (await app.script(late, '/basket')).json()).toMatchObject({ a: 1, b: 2, c: null });
    });
  });

  it('R6: a value that does not fit into the cookie is refused, and those before it stay', async () => {
    const app = await WebApp.start({ database: false, controllers: [BasketController] });
    let cookie = app.cookieOf(await app.signedIn());
    const put = async (name: string): Promise<unknown> => {
      const body = JSON.stringify({ name, value: 'x'.repeat(5_000) });
      const answer = await app.script(cookie, '/basket', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
      cookie = cookieAfter({ cookies: answer.headers.getSetCookie() }, cookie);
      return answer.json();
    };
    expect(await put('a')).toEqual({ kept: 'x'.repeat(5_000) });
    expect(await put('b')).toEqual({ error: 'SessionTooLargeError' });
    expect(await (await app.script(cookie, '/basket')).json()).toMatchObject({ a: 'x'.repeat(5_000), b: null });
    await app.close();
  });
});
