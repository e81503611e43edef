import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Controller, Get, Global, Module, Post, type INestApplication, type Type } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Clock } from '../../../src/protocol/clock.js';
import { Authenticated } from '../../../src/session/http/authenticated.decorator.js';
import { CurrentSession } from '../../../src/session/http/current-session.decorator.js';
import { SessionEvents, type SessionEventMap } from '../../../src/session/session-events.js';
import { SessionModule } from '../../../src/session/session.module.js';
import type { SessionOptions } from '../../../src/session/session.options.js';
import type { WebSession } from '../../../src/session/web-session.js';
import { PostgresStorageModule } from '../../../src/storage/postgres/postgres-storage.module.js';
import { TestBrowser } from '../../../src/testing/browser/test-browser.js';
import { FaultyProvider } from '../../../src/testing/provider/faulty-provider.js';
import { createDatabase, type TestDatabase } from '../../support/postgres.js';
import { TestClock } from '../../support/test-clock.js';
import { unusedPort } from '../../support/unused-port.js';

export type Host = 'fastify' | 'express';
export type Store = 'cookie' | 'postgres';
/** Every way an app may run the module; `cookie` has the ledger. */
export const WAYS: readonly (readonly [Store, Host])[] = [
  ['cookie', 'fastify'],
  ['cookie', 'express'],
  ['postgres', 'fastify'],
  ['postgres', 'express'],
];

export interface WebAppOptions {
  readonly store?: Store;
  readonly host?: Host;
  /** False: the cookie store alone. */
  readonly database?: false;
  /** Another process of the same app. */
  readonly beside?: WebApp;
  readonly options?: Partial<SessionOptions>;
}

@Controller()
class OrdersController {
  @Get()
  home(@CurrentSession({ optional: true }) session?: WebSession): object {
    return { user: session?.user.sub ?? null };
  }

  @Get('orders')
  @Authenticated()
  async list(@CurrentSession() session: WebSession): Promise<object> {
    return { user: session.user, id: session.id, token: await session.accessToken() };
  }

  @Post('orders')
  @Authenticated()
  order(): object {
    return { ordered: true };
  }

  @Post('form')
  @Authenticated({ csrf: 'origin' })
  form(): object {
    return { sent: true };
  }

  @Get('static')
  asset(): object {
    return { asset: true };
  }
}

export interface Orders {
  readonly status: number;
  readonly cookies: readonly string[];
  readonly retryAfter: string | null;
  readonly body: { readonly token?: string; readonly user?: { readonly sub: string }; readonly code?: string };
}

/** A web app with sessions, and the provider that signs people in. */
export class WebApp {
  readonly events: { readonly name: keyof SessionEventMap; readonly detail: unknown }[] = [];

  private constructor(
    readonly app: INestApplication,
    readonly url: string,
    readonly provider: FaultyProvider,
    readonly clock: TestClock,
    readonly keys: readonly string[],
    readonly database: TestDatabase | undefined,
    private readonly owned: boolean,
  ) {
    const events = app.get(SessionEvents, { strict: false });
    const names = [
      'session.created',
      'session.refreshed',
      'session.replayed',
      'session.ended',
      'session.rejected',
      'oidc.unavailable',
    ] as const;
    for (const name of [...names, 'oidc.misconfigured'] as const) events.on(name, (detail: unknown) => this.events.push({ name, detail }));
  }

  static async start({ store = 'cookie', host = 'fastify', database, beside, options = {} }: WebAppOptions = {}): Promise<WebApp> {
    const clock = beside?.clock ?? new TestClock();
    // Several processes of an app are behind one address.
    const port = beside ? Number(new URL(beside.url).port) : await unusedPort();
    const url = `http://localhost:${port}`;
    const provider = beside?.provider ?? (await FaultyProvider.start({ now: () => clock.now().getTime() }));
    provider.register({ id: 'shop', secret: 'secret', redirectUris: [`${url}/session/callback`], postLogoutRedirectUris: [`${url}/`] });
    const data = database === false ? undefined : (beside?.database ?? (await createDatabase()));
    const keys = beside?.keys ?? [randomBytes(32).toString('base64')];
    const session = SessionModule.forRoot({
      baseUrl: url,
      store,
      oidc: { issuer: provider.issuer, clientId: 'shop', clientSecret: 'secret' },
      keys,
      ...options,
    });
    const imports = [data ? PostgresStorageModule.forRoot({ url: data.url }) : clockModule(clock), session];
    const testing = Test.createTestingModule({ imports, controllers: [OrdersController] });
    const module = await testing.overrideProvider(Clock).useValue(clock).compile();
    const app = module.createNestApplication(host === 'fastify' ? new FastifyAdapter() : new ExpressAdapter(), {
      logger: ['error', 'fatal'],
    });
    await app.listen(beside ? 0 : port, '127.0.0.1');
    return new WebApp(app, url, provider, clock, keys, data, !beside);
  }

  /** The session cookie of a browser, as a script of the app would send it. */
  cookieOf(browser: TestBrowser): string {
    return browser.jar.cookieHeader(this.url, { site: 'same-origin', navigation: false, method: 'GET' }) ?? '';
  }

  /** A script's request at this very process, with a cookie of one's own. */
  async orders(cookie: string): Promise<Orders> {
    const address = (this.app.getHttpServer() as Server).address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${address.port}/orders`, { headers: { cookie, 'x-csrf': '1' } });
    const body = (await answer.json()) as Orders['body'];
    return { status: answer.status, cookies: answer.headers.getSetCookie(), retryAfter: answer.headers.get('retry-after'), body };
  }

  /** How often the provider was asked to refresh. */
  get refreshes(): number {
    return this.provider.calls('token', 'refresh_token').length;
  }

  /** A browser with nobody signed in. */
  browser(): TestBrowser {
    return new TestBrowser();
  }

  /** A browser whose person came back from the provider. */
  async signedIn(): Promise<TestBrowser> {
    const browser = this.browser();
    const page = await browser.navigate(`${this.url}/orders`);
    if (page.status !== 200) throw new Error(`The sign-in came to ${page.status}: ${page.body}`);
    return browser;
  }

  async close(): Promise<void> {
    await this.app.close();
    if (!this.owned) return;
    await this.provider.close();
    await this.database?.drop();
  }
}

/** Where no module brings a clock. */
function clockModule(clock: Clock): Type<object> {
  @Global()
  @Module({ providers: [{ provide: Clock, useValue: clock }], exports: [Clock] })
  class ClockModule {}
  return ClockModule;
}
