import { randomBytes, type JsonWebKey } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Global, Module, type INestApplication, type Provider, type Type } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Clock } from '../../../src/protocol/clock.js';
import { SessionEvents, type SessionEventMap } from '../../../src/session/session-events.js';
import { SessionModule } from '../../../src/session/session.module.js';
import type { SessionOptions } from '../../../src/session/session.options.js';
import { PostgresStorageModule } from '../../../src/storage/postgres/postgres-storage.module.js';
import { exchange } from '../../../src/testing/browser/exchange.js';
import { TestBrowser } from '../../../src/testing/browser/test-browser.js';
import { FaultyProvider } from '../../../src/testing/provider/faulty-provider.js';
import { createDatabase, type TestDatabase } from '../../support/postgres.js';
import { TestClock } from '../../support/test-clock.js';
import { unusedPort } from '../../support/unused-port.js';
import { OrdersController } from './orders.controller.js';

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
  readonly database?: false | TestDatabase;
  /** Another process of the same app. */
  readonly beside?: WebApp;
  readonly options?: Partial<SessionOptions>;
  /** The app authenticates by this key, instead of by a secret. */
  readonly clientKey?: { readonly publicKey: JsonWebKey; readonly key: string | JsonWebKey };
  /** Besides those that are always there. */
  readonly controllers?: readonly Type<object>[];
  readonly providers?: readonly Provider[];
  /** Before it listens. */
  readonly prepare?: (app: INestApplication) => unknown;
}

/** What a browser would send after this answer. */
export const cookieAfter = (answer: { readonly cookies: readonly string[] }, before: string): string =>
  answer.cookies.length === 0 ? before : answer.cookies.map((line) => line.split(';')[0]).join('; ');

export interface Orders {
  readonly status: number;
  readonly cookies: readonly string[];
  readonly retryAfter: string | null;
  readonly body: { readonly id?: string; readonly token?: string; readonly user?: { readonly sub: string }; readonly code?: string };
}

/** A web app with sessions, and the provider that signs people in. */
export class WebApp {
  /** Other processes of the app, which close with it. */
  private readonly others = new Set<WebApp>();
  readonly events: { readonly name: keyof SessionEventMap; readonly detail: unknown }[] = [];

  private constructor(
    readonly app: INestApplication,
    readonly url: string,
    readonly provider: FaultyProvider,
    readonly clock: TestClock,
    readonly keys: readonly string[],
    readonly database: TestDatabase | undefined,
    private readonly beside: WebApp | undefined,
  ) {
    beside?.others.add(this);
    const events = app.get(SessionEvents, { strict: false });
    const names = [
      'session.created',
      'session.refreshed',
      'session.replayed',
      'session.ended',
      'session.rejected',
      'refresh.shared',
      'oidc.unavailable',
    ] as const;
    for (const name of [...names, 'oidc.misconfigured'] as const) events.on(name, (detail: unknown) => this.events.push({ name, detail }));
  }

  static async start({ store = 'cookie', host = 'fastify', database, beside, options = {}, ...more }: WebAppOptions = {}): Promise<WebApp> {
    const clock = beside?.clock ?? new TestClock();
    // Several processes of an app are behind one address.
    const port = beside ? Number(new URL(beside.url).port) : await unusedPort();
    const url = `http://localhost:${port}`;
    const provider = beside?.provider ?? (await FaultyProvider.start({ now: () => clock.now().getTime() }));
    const { clientKey } = more;
    const known = clientKey ? { publicKey: clientKey.publicKey } : { secret: 'secret' };
    const shown = clientKey ? { privateKey: { key: clientKey.key } } : { clientSecret: 'secret' };
    provider.register({ id: 'shop', ...known, redirectUris: [`${url}/session/callback`], postLogoutRedirectUris: [`${url}/`] });
    const data = database === false ? undefined : (database ?? beside?.database ?? (await createDatabase()));
    const keys = beside?.keys ?? [randomBytes(32).toString('base64')];
    const session = SessionModule.forRoot({
      baseUrl: url,
      store,
      oidc: { issuer: provider.issuer, clientId: 'shop', ...shown },
      keys,
      ...options,
    });
    const imports = [data ? PostgresStorageModule.forRoot({ url: data.url }) : clockModule(clock), session];
    const testing = Test.createTestingModule({
      imports,
      controllers: [OrdersController, ...(more.controllers ?? [])],
      providers: [...(more.providers ?? [])],
    });
    const module = await testing.overrideProvider(Clock).useValue(clock).compile();
    const app = module.createNestApplication(
      host === 'fastify' ? new FastifyAdapter({ forceCloseConnections: true }) : new ExpressAdapter(),
      {
        forceCloseConnections: true, // connections on which nothing was asked yet
        logger: ['error', 'fatal'],
      },
    );
    await more.prepare?.(app);
    await app.listen(beside ? 0 : port, '127.0.0.1');
    return new WebApp(app, url, provider, clock, keys, data, beside);
  }

  /** The session cookie of a browser, as a script of the app would send it. */
  cookieOf(browser: TestBrowser): string {
    return browser.jar.cookieHeader(this.url, { site: 'same-origin', navigation: false, method: 'GET' }) ?? '';
  }

  /** Where this very process listens. */
  get address(): string {
    return `http://127.0.0.1:${((this.app.getHttpServer() as Server).address() as AddressInfo).port}`;
  }

  /** A request at this very process. */
  get(path: string, headers: Readonly<Record<string, string>>, method = 'GET'): Promise<Response> {
    // Not by fetch, which says itself in what mode it asks.
    return exchange({ url: this.address + path, method, headers, hosts: {} });
  }

  /** A script's request at this very process, with a cookie of one's own. */
  script(cookie: string, path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.address + path, { redirect: 'manual', ...init, headers: { cookie, 'x-csrf': '1', ...init.headers } });
  }

  async orders(cookie: string, signal?: AbortSignal): Promise<Orders> {
    const answer = signal ? await this.script(cookie, '/orders', { signal }) : await this.get('/orders', { cookie, 'x-csrf': '1' });
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
    for (const other of [...this.others]) await other.close();
    await this.app.close();
    if (this.beside) return void this.beside.others.delete(this);
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
