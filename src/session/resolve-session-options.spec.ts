import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { resolveSessionOptions } from './resolve-session-options.js';
import type { SessionDatabase } from './session-faults.js';
import type { SessionOptions } from './session.options.js';

const good: SessionOptions = {
  baseUrl: 'https://app.example',
  oidc: { issuer: 'https://id.example', clientId: 'app' },
  keys: [randomBytes(32).toString('base64')],
};
const PEM = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
/** Of an environment that does not have it. */
const missing = process.env['COUNTERSIGN_TEST_OF_NOTHING'] as string;
const faultsOf = (changes: Partial<SessionOptions>, database?: SessionDatabase, path = '/session'): string[] => {
  try {
    resolveSessionOptions({ ...good, ...changes }, path, database);
    return [];
  } catch (error) {
    return (error as Error).message.split('\n- ').slice(1);
  }
};

describe('The options of sessions (session.md R2)', () => {
  it('have the safe ones as defaults', () => {
    const { cookie, secure, store, refresh, session, refreshes, csrf, skip } = resolveSessionOptions(good, '/session', undefined);
    expect({ cookie, secure, store, refresh, session, refreshes, csrf, skip }).toEqual({
      cookie: { name: '__Host-Http-session', sameSite: 'strict' },
      secure: true,
      store: 'cookie',
      refreshes: true,
      csrf: 'header',
      skip: [],
      refresh: { before: 60, leeway: 30, timeout: 5, outageGrace: 0, onReplay: 'reject' },
      session: { idle: 28_800, absolute: 86_400 },
    });
  });

  it('are for loopback without TLS, too, with a cookie that http may set', () => {
    const { cookie, secure } = resolveSessionOptions({ ...good, baseUrl: 'http://localhost:4000' }, '/session', undefined);
    expect([cookie.name, secure]).toEqual(['session', false]);
  });

  it.each<[Partial<SessionOptions>, RegExp]>([
    [{ baseUrl: 'http://app.example' }, /^baseUrl must be an origin/],
    [{ baseUrl: 'https://app.example/' }, /^baseUrl/],
    [{ baseUrl: 'https://app.example/path' }, /^baseUrl/],
    [{ baseUrl: 'app.example' }, /^baseUrl/],
    [{ oidc: { ...good.oidc, issuer: 'http://id.example' } }, /^oidc\.issuer/],
    [{ oidc: { ...good.oidc, clientId: '' } }, /^oidc\.clientId/],
    [{ oidc: { ...good.oidc, scope: 'profile' } }, /^oidc\.scope/],
    [{ keys: [] }, /^keys must hold one/],
    [{ keys: [randomBytes(32), randomBytes(31)] }, /^keys must be 32 bytes/],
    [{ keys: ['short'] }, /^keys must be 32 bytes/],
    [{ baseUrl: missing }, /^baseUrl must be an origin/],
    [{ oidc: { issuer: missing, clientId: 'app' } }, /^oidc\.issuer/],
    [{ oidc: { ...good.oidc, clientId: missing } }, /^oidc\.clientId/],
    [{ keys: [missing] }, /^keys must be 32 bytes/],
    [{ store: 'redis' as 'cookie' }, /^store must be 'cookie' or 'postgres'/],
    [{ cookie: { sameSite: 'none' as 'lax' } }, /^cookie\.sameSite must be/],
    [{ store: 'postgres' }, /^store is 'postgres': import PostgresStorageModule/],
    [{ processes: 2 }, /^processes is more than one: import PostgresStorageModule/],
    [{ cookie: { name: 'a b' } }, /^cookie\.name must be/],
    [{ baseUrl: 'http://localhost:4000', cookie: { name: '__Host-session' } }, /^cookie\.name has a prefix/],
    [{ csrf: 'cookie' as 'header' }, /^csrf must be/],
    [{ skip: ['assets'] }, /^skip must hold paths/],
    [{ skip: ['/assets/*'] }, /^skip must hold paths/],
    [{ skip: ['/assets/../x'] }, /^skip must hold paths/],
    [{ skip: ['/assets', '/'] }, /^skip must not hold \/session/],
    [{ skip: ['/session/login'] }, /^skip must not hold \/session/],
    [{ session: { idle: 0 } }, /^session\.idle/],
    [{ session: { idle: 100, absolute: 99 } }, /^session\.idle/],
    [{ refresh: { before: -1 } }, /^refresh\.before/],
    [{ refresh: { timeout: 0 } }, /^refresh\.timeout/],
    [{ apis: { orders: { url: 'http://orders.internal' } } }, /^apis\.orders\.url/],
    [{ apis: { orders: { url: 'https://orders.example/?x=1' } } }, /^apis\.orders\.url must not have a query/],
    [{ apis: { orders: { url: 'https://u:p@orders.example/' } } }, /^apis\.orders\.url must not have a query/],
    [{ apis: { orders: { url: 'https://orders.example', methods: ['get'] } } }, /^apis\.orders\.methods/],
    [{ session: { absolute: Infinity } }, /^session\.absolute/],
    [{ cookie: { name: 'session-1' } }, /^cookie\.name must not end/],
    [{ refresh: { onReplay: 'revok' as 'revoke' } }, /^refresh\.onReplay/],
    [{ oidc: { ...good.oidc, clientAuthentication: 'none' as 'client_secret_basic' } }, /^oidc\.clientAuthentication/],
    [{ oidc: { ...good.oidc, privateKey: { key: 'no key' } } }, /^oidc\.privateKey\.key must be a private key/],
    [{ oidc: { ...good.oidc, privateKey: { key: { kty: 'oct', k: 'AAAA' } } } }, /^oidc\.privateKey\.key must be a private key/],
    [{ oidc: { ...good.oidc, privateKey: { key: PEM }, clientSecret: 'secret' } }, /^oidc has a clientSecret and a privateKey/],
    [{ keys: missing as unknown as string[] }, /^keys must hold one/],
    [{ keys: ['correct horse battery staple correct horse battery staple'] }, /^keys must be 32 bytes or more each, in base64/],
    [{ keys: 7 as unknown as string[] }, /^keys must be 32 bytes/],
    [{ processes: 0 }, /^processes must be a number/],
    [{ processes: Number('x') }, /^processes must be a number/],
    [{ skip: 'assets' as unknown as string[] }, /^skip must hold paths/],
    [{ cookie: { name: 'a'.repeat(65) } }, /^cookie\.name must be/],
    [{ session: { idle: '3600' as unknown as number } }, /^session\.idle must be a number/],
    [{ refresh: { outageGrace: Infinity } }, /^refresh\.before, leeway and outageGrace must be numbers/],
    [{ apis: { orders: missing as unknown as { url: string } } }, /^apis\.orders\.url/],
    [{ apis: { orders: { url: 'https://orders.example', methods: 'GET' as unknown as string[] } } }, /^apis\.orders\.methods/],
    [{ oidc: { ...good.oidc, clientSecret: '' } }, /^oidc\.clientSecret must not be empty/],
    [
      { oidc: { ...good.oidc, clientAuthentication: 'client_secret_post' } },
      /^oidc\.clientAuthentication must be .* without a clientSecret/,
    ],
    [
      { oidc: { ...good.oidc, privateKey: { key: PEM }, clientAuthentication: 'client_secret_post' } },
      /^oidc\.clientAuthentication must be .* without a clientSecret/,
    ],
    [{ oidc: { ...good.oidc, parameters: { prompt: 'login', response_mode: 'form_post' } } }, /^oidc\.parameters must hold none of/],
  ])('refuse %j', (changes, fault) => expect(faultsOf(changes)).toEqual([expect.stringMatching(fault)]));

  it.each(['session', '/', '/session/', '/a b', ''])('refuse the path %j', (path) =>
    expect(faultsOf({}, undefined, path)).toEqual([expect.stringMatching(/^path/)]),
  );

  it('take keys of any kind of bytes, and defaults for what is undefined', () => {
    const keys = [new Uint8Array(randomBytes(32)) as Buffer, randomBytes(32).toString('base64url')];
    const resolved = resolveSessionOptions({ ...good, keys, refresh: { leeway: missing as unknown as number } }, '/session', undefined);
    expect(resolved.keys.map(({ length }) => length)).toEqual([32, 32]);
    expect(resolved.refresh.leeway).toBe(30);
  });

  it('take the database where it is there, with its tables', () => {
    const shared = { store: 'postgres', processes: 4 } as const;
    expect(faultsOf(shared, { isMigrated: true })).toEqual([]);
    expect(faultsOf(shared, { isMigrated: false })).toEqual([expect.stringMatching(/^the database lacks the tables/)]);
  });

  it('name what is left out altogether', () => {
    expect(faultsOf({ oidc: missing as unknown as SessionOptions['oidc'] })).toEqual([
      expect.stringMatching(/^oidc\.issuer/),
      expect.stringMatching(/^oidc\.clientId/),
    ]);
  });

  it('name every fault at once, and no key', () => {
    const keys = ['c2hvcnQ'];
    const faults = faultsOf({ baseUrl: 'x', store: 'postgres', keys });
    expect(faults).toHaveLength(3);
    expect(faults.join()).not.toContain('c2hvcnQ');
  });
});
