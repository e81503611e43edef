import { Catch, Controller, Get, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { APP_GUARD, HttpAdapterHost } from '@nestjs/core';
import { SessionGuard } from '../../src/session/http/session.guard.js';
import { createDatabase } from '../support/postgres.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { WAYS, WebApp } from './support/web-app.js';

/** As applications have it: what is no HttpException is a 500. */
@Catch()
class CatchAllFilter implements ExceptionFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const status = error instanceof HttpException ? error.getStatus() : 500;
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { of: 'the application' }, status);
  }
}

@Controller()
class Unmarked {
  @Get('unmarked')
  answer(): object {
    return {};
  }
}

const PAGE = { 'sec-fetch-mode': 'navigate' };
const CSRF = { 'x-csrf': '1' };

describe.each(WAYS)('An application with a filter for whatever is thrown: %s store on %s', (store, host) => {
  let app: WebApp;
  let proxy: TcpProxy;
  beforeAll(async () => {
    const database = await createDatabase();
    proxy = new TcpProxy(database.url);
    await proxy.open();
    app = await WebApp.start({
      ...{ store, host, controllers: [Unmarked], database: { ...database, url: proxy.url } },
      providers: [{ provide: APP_GUARD, useExisting: SessionGuard }],
      prepare: (it) => it.useGlobalFilters(new CatchAllFilter(it.get(HttpAdapterHost))),
    });
  });
  afterAll(async () => {
    await app.close();
    await proxy.cut();
  });

  it('R36: where nobody is signed in, people are sent to sign in, and scripts are told', async () => {
    const page = await app.get('/orders', PAGE);
    expect([page.status, page.headers.get('location')]).toEqual([302, '/session/login?returnTo=%2Forders']);
    const script = await app.get('/orders', CSRF);
    expect([script.status, await script.json()]).toEqual([401, expect.objectContaining({ signIn: '/session/login' })]);
  });

  it('R36: on a route that only the guard of all routes knows, the filter answers: 401', async () => {
    const page = await app.get('/unmarked', PAGE);
    expect([page.status, await page.json()]).toEqual([401, { of: 'the application' }]);
    expect((await app.get('/session', CSRF)).status).toBe(401);
  });

  it('R7, R23: while the provider or the database is away, requests are 503, and say when to come again', async () => {
    const cookie = app.cookieOf(await app.signedIn());
    app.clock.advance(301);
    app.provider.at('token').unavailable();
    const withoutProvider = await app.orders(cookie);
    expect([withoutProvider.status, withoutProvider.body.code, withoutProvider.retryAfter]).toEqual([503, 'idp_unavailable', '5']);
    const unmarked = async () => (await app.get('/unmarked', { cookie, ...CSRF })).status;
    expect(await unmarked()).toBe(503);
    app.provider.at('token').lift();
    app.app.useLogger(false);
    await proxy.cut();
    const withoutStore = await app.orders(cookie);
    expect([withoutStore.status, withoutStore.body.code, withoutStore.retryAfter]).toEqual([503, 'session_store_unavailable', '5']);
    expect(await unmarked()).toBe(503);
    await proxy.open();
    app.app.useLogger(['error', 'fatal']);
  });
});
