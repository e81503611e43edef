import { Controller, Get, type INestApplication } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { FastifyInstance } from 'fastify';
import { Authenticated } from '../../src/session/http/authenticated.decorator.js';
import { CurrentSession } from '../../src/session/http/current-session.decorator.js';
import { SessionGuard } from '../../src/session/http/session.guard.js';
import type { WebSession } from '../../src/session/web-session.js';
import { statementsDuring } from '../support/statement-count.js';
import { WAYS, WebApp } from './support/web-app.js';

const CSRF = { 'x-csrf': '1' };
const PAGE = { 'sec-fetch-mode': 'navigate' };

@Controller()
class Routes {
  @Get('poll')
  @Authenticated({ slide: false })
  poll(): object {
    return { news: 0 };
  }

  /** Guarded by whoever guards all. */
  @Get('anything')
  anything(): object {
    return {};
  }

  @Get('assets/app')
  app(@CurrentSession({ optional: true }) session?: WebSession): object {
    return { user: session?.user.sub ?? null };
  }

  @Get('assets/private')
  @Authenticated()
  hidden(): object {
    return {};
  }
}

/** Files that are served beside Nest's routes. */
function serveFiles(app: INestApplication): void {
  const server = app.getHttpAdapter();
  if (server.getType() === 'express') (app as NestExpressApplication).useStaticAssets(import.meta.dirname, { prefix: '/files' });
  else (server.getInstance() as FastifyInstance).get('/files/:name', (_, reply) => reply.type('text/plain').send('a file'));
}

describe.each(WAYS)('Requests that leave sessions alone: %s store on %s', (store, host) => {
  let app: WebApp;
  /** The same, with a guard of all routes. */
  let guarded: WebApp;
  let cookie: string;
  const options = { skip: ['/assets'] };
  beforeAll(async () => {
    app = await WebApp.start({ store, host, options, controllers: [Routes], prepare: serveFiles });
    guarded = await WebApp.start({
      ...{ store, host, options, beside: app, controllers: [Routes] },
      providers: [{ provide: APP_GUARD, useExisting: SessionGuard }],
    });
  });
  afterAll(async () => {
    await guarded.close();
    await app.close();
  });
  beforeEach(async () => {
    cookie = app.cookieOf(await app.signedIn());
    app.events.length = 0;
  });

  it('R31: routes that need nobody, skipped paths and files cost nothing, whatever cookie comes along', async () => {
    const seen: unknown[] = [];
    const statements = await statementsDuring(async () => {
      for (let n = 0; n < 75; n += 25) {
        const round = Array.from({ length: 25 }, async (_, k) => {
          const sent = { ...CSRF, cookie: (n + k) % 2 === 0 ? 'session=garbage' : cookie };
          const asked = [
            [app, '/static'],
            [app, '/assets/app'],
            [app, `/files/${host === 'express' ? 'hooks.e2e-spec.ts' : 'x'}`],
            [guarded, '/assets/app'],
          ] as const;
          for (const [process, path] of asked) {
            const answer = await process.get(path, sent);
            await answer.arrayBuffer();
            seen.push([path, answer.status, answer.headers.getSetCookie()]);
          }
        });
        await Promise.all(round);
      }
    });
    expect(seen).toHaveLength(300);
    expect(seen.filter((one) => !/^\["[^"]+",200,\[\]\]$/.test(JSON.stringify(one)))).toEqual([]);
    expect([statements, app.events, guarded.events]).toEqual([[], [], []]);
  });

  it('R31: a guarded request costs one read by the session’s id, once the browser has shown its cookie', async () => {
    expect((await app.orders(cookie)).status).toBe(200);
    app.clock.advance(31);
    const answers: (readonly string[])[] = [];
    const statements = await statementsDuring(async () => {
      for (let n = 0; n < 20; n++) answers.push((await app.orders(cookie)).cookies);
    });
    expect([statements, answers.flat()]).toEqual([Array(20).fill('find_web_session'), []]);
  });

  it('a skipped path is open where all routes are guarded, has nobody signed in, and its own guard keeps everybody out', async () => {
    const body = async (path: string) => (await guarded.get(path, { ...CSRF, cookie })).json();
    expect(await body('/assets/app')).toEqual({ user: null });
    expect((await guarded.get('/assets/private', { ...CSRF, cookie })).status).toBe(401);
    expect((await guarded.get('/anything', CSRF)).status).toBe(401);
  });

  it('whoever guards all routes leaves those open by which people sign in (R33)', async () => {
    expect((await guarded.get('/anything', PAGE)).headers.get('location')).toBe('/session/login?returnTo=%2Fanything');
    const answer = await guarded.get('/session/login', PAGE);
    expect([answer.status, answer.headers.get('location')]).toEqual([302, expect.stringContaining(app.provider.issuer)]);
    expect((await guarded.get('/session', CSRF)).status).toBe(401);
    expect((await guarded.get('/anything', { ...CSRF, cookie })).status).toBe(200);
  });

  it.each(['/poll', '/session'])('R32: %s does not prolong the session', async (path) => {
    for (let hour = 0; hour < 7; hour++) {
      app.clock.advance(3_600);
      expect((await app.get(path, { ...CSRF, cookie })).status).toBe(200);
    }
    app.clock.advance(3_600);
    expect((await app.get(path, { ...CSRF, cookie })).status).toBe(401);
  });

  it('R43: /session does not refresh, and is 401 even for a page where nobody is signed in', async () => {
    app.clock.advance(301);
    app.provider.forgetCalls();
    const answer = await app.get('/session', { ...CSRF, cookie });
    expect([answer.status, app.refreshes, answer.headers.getSetCookie()]).toEqual([200, 0, []]);
    const anonymous = await app.get('/session', PAGE);
    expect([anonymous.status, anonymous.headers.get('location')]).toEqual([401, null]);
  });
});

it('R35: what a route does not say, the module’s options do', async () => {
  const app = await WebApp.start({ options: { csrf: 'origin' }, controllers: [Routes] });
  const browser = await app.signedIn();
  const form = { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin', origin: app.url };
  const post = async (path: string, headers: Record<string, string>) => (await browser.xhr(path, { method: 'POST', headers })).status;
  expect([await post('/orders', form), await post('/orders', { ...form, origin: 'https://evil.example' })]).toEqual([201, 403]);
  expect(await post('/session/logout', form)).toBe(200);
  await app.close();
});
