import { generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { Controller, Get } from '@nestjs/common';
import { Authenticated } from '../../src/session/http/authenticated.decorator.js';
import { CurrentSession } from '../../src/session/http/current-session.decorator.js';
import { RefreshFailure } from '../../src/session/provider/refresh-failure.js';
import { Sessions } from '../../src/session/sessions.js';
import type { WebSession } from '../../src/session/web-session.js';
import { TestApi } from './support/test-api.js';
import { WAYS, WebApp } from './support/web-app.js';

it('R19: an API that is named gets a token of its own, kept and renewed beside the others', async () => {
  @Controller()
  class StockController {
    @Get('stock')
    @Authenticated()
    async stock(@CurrentSession() session: WebSession) {
      const answer = await session.api('stock').fetch('items');
      return { status: answer.status, own: await session.accessToken() };
    }
  }
  const api = await TestApi.start();
  const resource = 'https://stock.example';
  const app = await WebApp.start({ options: { apis: { stock: { url: api.url, resource } } }, controllers: [StockController] });
  const browser = await app.signedIn();
  const audiences: unknown[] = [];
  for (let n = 0; n < 3; n++) {
    const { own } = (await (await browser.xhr('/stock', { headers: { 'x-csrf': '1' } })).json()) as { own: string };
    const sent = api.received.at(-1)?.headers.authorization?.slice('Bearer '.length) ?? '';
    audiences.push([app.provider.accessToken(sent)?.audience, app.provider.accessToken(own)?.audience]);
    if (n === 1) app.clock.advance(301);
  }
  expect([audiences, app.refreshes]).toEqual([Array(3).fill([resource, 'shop']), 3]); // the first one, and later both
  api.close();
  await app.close();
});

describe('An app that authenticates by a key (private_key_jwt)', () => {
  const pair = (type: 'ec' | 'rsa') =>
    type === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const jwk = (key: KeyObject): JsonWebKey => key.export({ format: 'jwk' });

  it.each(['ec', 'rsa'] as const)('signs in, refreshes and has a token of its own: %s', async (type) => {
    const { publicKey, privateKey } = pair(type);
    const key = type === 'ec' ? privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() : { ...jwk(privateKey), kid: 'newest' };
    const apis = { orders: { url: 'http://localhost:1/' } };
    const app = await WebApp.start({ database: false, clientKey: { publicKey: jwk(publicKey), key }, options: { apis } });
    const cookie = app.cookieOf(await app.signedIn());
    app.clock.advance(301);
    expect([(await app.orders(cookie)).status, app.refreshes]).toEqual([200, 1]);
    expect(app.provider.accessToken(await app.app.get(Sessions, { strict: false }).appToken('orders'))).toMatchObject({ client: 'shop' });
    await app.close();
  });

  it('R27: by a key that the provider does not know any more logs nobody out', async () => {
    const { publicKey, privateKey } = pair('ec');
    const app = await WebApp.start({ database: false, clientKey: { publicKey: jwk(publicKey), key: jwk(privateKey) } });
    const cookie = app.cookieOf(await app.signedIn());
    const client = { id: 'shop', redirectUris: [`${app.url}/session/callback`] };
    app.provider.register({ ...client, publicKey: jwk(pair('ec').publicKey) });
    app.clock.advance(301);
    expect((await app.orders(cookie)).status).toBe(503);
    expect(app.events.map(({ name }) => name)).toContain('oidc.misconfigured');
    app.provider.register({ ...client, publicKey: jwk(publicKey) });
    app.clock.advance(31);
    expect((await app.orders(cookie)).status).toBe(200);
    await app.close();
  });
});

describe.each(WAYS)("The app's own token (session.md R41): %s store on %s", (store, host) => {
  let app: WebApp;
  let sessions: Sessions;
  const url = 'http://localhost:1/';
  beforeAll(async () => {
    app = await WebApp.start({
      store,
      host,
      options: { apis: { orders: { url, resource: 'https://orders.example', scope: 'read' }, plain: { url } } },
    });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    // Whatever was kept is over.
    app.clock.advance(3_600);
    app.provider.forgetCalls();
    app.provider.settings.omitExpiresIn = false;
    app.provider.settings.accessTokenFormat = 'jwt';
    sessions = app.app.get(Sessions, { strict: false });
  });
  const calls = () => app.provider.calls('token', 'client_credentials').length;
  const burst = (size: number) => Array.from({ length: size }, () => sessions.appToken('orders'));

  it('R41: a hundred who ask at once make one call, and it is kept', async () => {
    const tokens = await Promise.all(burst(100));
    expect([new Set(tokens).size, calls(), await sessions.appToken('orders')]).toEqual([1, 1, tokens[0]]);
    expect(app.provider.accessToken(tokens[0] ?? '')).toMatchObject({ sub: undefined, audience: 'https://orders.example', scope: 'read' });
    expect(app.provider.accessToken(await sessions.appToken('plain'))).toMatchObject({ audience: 'shop', scope: '' });
  });

  it.each([
    [300, 240],
    [60, 30],
  ])('R41: one of %i s is renewed after %i s', async (lifetime, age) => {
    app.provider.settings.accessTokenLifetime = lifetime;
    const first = await sessions.appToken('orders');
    app.clock.advance(age - 1);
    expect(await sessions.appToken('orders')).toBe(first);
    app.clock.advance(1);
    expect([await sessions.appToken('orders'), calls()]).toEqual([expect.not.stringMatching(`^${first}$`), 2]);
    app.provider.settings.accessTokenLifetime = 300;
  });

  it.each<[string, 'jwt' | 'opaque', number]>([
    ['its own exp', 'jwt', 900],
    ['five minutes', 'opaque', 300],
  ])('R41: without expires_in it lives for %s', async (_, format, lifetime) => {
    Object.assign(app.provider.settings, { omitExpiresIn: true, accessTokenFormat: format, accessTokenLifetime: 900 });
    await sessions.appToken('orders');
    app.clock.advance(lifetime - 61);
    await sessions.appToken('orders');
    expect(calls()).toBe(1);
    app.clock.advance(1);
    await sessions.appToken('orders');
    expect(calls()).toBe(2);
    app.provider.settings.accessTokenLifetime = 300;
  });

  it('R10: the same goes for the token of a session', async () => {
    Object.assign(app.provider.settings, { omitExpiresIn: true, accessTokenLifetime: 900 });
    const cookie = app.cookieOf(await app.signedIn());
    app.clock.advance(839);
    await app.orders(cookie);
    expect(app.refreshes).toBe(0);
    app.clock.advance(1);
    await app.orders(cookie);
    expect(app.refreshes).toBe(1);
    app.provider.settings.accessTokenLifetime = 300;
  });

  it('R41: those who wait together share a failure; the next one asks again', async () => {
    app.provider.at('token').refuse('invalid_client', { times: 1 });
    const failed = await Promise.allSettled(burst(10));
    expect(failed.map((one) => one.status === 'rejected' && one.reason instanceof RefreshFailure && one.reason.kind)).toEqual(
      Array(10).fill('misconfigured'),
    );
    await sessions.appToken('orders');
    expect(calls()).toBe(2);
  });

  it('R41: what is good yet serves while the provider is away', async () => {
    const first = await sessions.appToken('orders');
    app.clock.advance(299);
    app.provider.at('token').unavailable(1, { times: 2 });
    expect(await sessions.appToken('orders')).toBe(first);
    app.clock.advance(1);
    await expect(sessions.appToken('orders')).rejects.toThrow(RefreshFailure);
  });

  it('R41: is for configured APIs only', async () => {
    await expect(sessions.appToken('constructor')).rejects.toThrow(TypeError);
    expect(calls()).toBe(0);
  });
});
