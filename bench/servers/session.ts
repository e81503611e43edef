/** A web app with one route, behind a session or not: STORE says how sessions are kept. Somebody has signed in. */
import { randomBytes } from 'node:crypto';
import { Controller, Get, Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Authenticated, CurrentSession, SessionModule, type WebSession } from '../../src/session/index.js';
import { PostgresStorageModule } from '../../src/storage/postgres/index.js';
import { FaultyProvider, TestBrowser } from '../../src/testing/index.js';
import { announce } from './announce.js';

const port = Number(process.env['PORT']);
const BASE_URL = 'https://shop.example';
const store = process.env['STORE'] as 'none' | 'cookie alone' | 'cookie' | 'postgres';

@Controller()
class BareController {
  @Get('orders')
  list(): object {
    return { ok: true };
  }
}

@Controller()
class GuardedController {
  @Get('orders')
  @Authenticated()
  list(@CurrentSession() session: WebSession): object {
    return { ok: session.user.sub === 'ada' };
  }
}

const provider = await FaultyProvider.start({
  clients: [{ id: 'shop', secret: 'secret', redirectUris: [`${BASE_URL}/session/callback`] }],
  settings: { accessTokenLifetime: 86_400 },
});

function sessions(): DynamicModule[] {
  if (store === 'none') return [];
  const session = SessionModule.forRoot({
    baseUrl: BASE_URL,
    store: store === 'postgres' ? 'postgres' : 'cookie',
    oidc: { issuer: provider.issuer, clientId: 'shop', clientSecret: 'secret' },
    keys: [randomBytes(32)],
  });
  return store === 'cookie alone' ? [session] : [PostgresStorageModule.forRoot({ url: process.env['DATABASE_URL'] ?? '' }), session];
}

@Module({ imports: sessions(), controllers: [store === 'none' ? BareController : GuardedController] })
class AppModule {}

const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), { logger: ['error'] });
await app.listen(port, '127.0.0.1');
const url = `http://127.0.0.1:${port}`;

const browser = new TestBrowser({ hosts: { [BASE_URL]: url } });
if (store !== 'none') await browser.navigate(`${BASE_URL}/orders`);
const cookie = browser.jar.cookieHeader(BASE_URL, { site: 'same-origin', navigation: false, method: 'GET' }) ?? '';
await provider.stop();
announce({ port, offers: { route: () => ({ path: '/orders', headers: { cookie, 'x-csrf': '1' } }) } });
