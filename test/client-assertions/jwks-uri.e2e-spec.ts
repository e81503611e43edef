import { exportJWK } from 'jose';
import { AssertingClient, clientKey, jwksOf, type ClientKey } from '../support/assertions.js';
import { confidentialClient } from '../support/clients.js';
import { DatabaseRows } from '../support/database-rows.js';
import { ProtocolClient } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';
import { ExternalIssuer, JWKS, type Answer } from '../validation/support/external-issuer.js';

let service: TestService;
let rows: DatabaseRows;
beforeAll(async () => {
  service = await startService();
  rows = await DatabaseRows.open(service.database.url);
});
afterAll(async () => {
  await rows.close();
  await service.close();
});
afterEach(() => rows.forgetFailures());

/** A client that publishes its keys itself, at an address that counts how often it is asked. */
async function publishing(...published: ClientKey[]) {
  const key = published[0] ?? (await clientKey());
  const site = await ExternalIssuer.start();
  const publish = (...keys: ClientKey[]): void => void site.answers.set(JWKS, () => ({ body: jwksOf(...keys) }));
  publish(key, ...published.slice(1));
  const client = await AssertingClient.register(confidentialClient(), service, { key, jwksUri: site.url + JWKS });
  return { client, key, site, publish, asked: () => site.count(JWKS) };
}

const status = async (client: AssertingClient, header?: object): Promise<number> =>
  (await new ProtocolClient(service.url).token({ grant_type: 'client_credentials', ...(await client.form({}, { ...header })) })).status;

describe('the JWK set at a client’s jwks_uri (RFC 7591 §2)', () => {
  it('is read when first needed, and again when it is ten minutes old', async () => {
    const { client, asked } = await publishing();
    expect(asked()).toBe(0);
    expect([await status(client), await status(client), asked()]).toEqual([200, 200, 1]);
    service.clock.advance(600);
    expect([await status(client), asked()]).toEqual([200, 1]);
    service.clock.advance(1);
    expect([await status(client), asked()]).toEqual([200, 2]);
  });

  it('is read once by many at once', async () => {
    const { client, asked } = await publishing();
    expect(new Set(await Promise.all(Array.from({ length: 16 }, () => status(client))))).toEqual(new Set([200]));
    expect(asked()).toBe(1);
  });

  it('is read again for a key that is not in it', async () => {
    const { client, publish, asked } = await publishing();
    expect(await status(client)).toBe(200);
    const next = await clientKey();
    publish(next);
    service.clock.advance(10);
    expect([await status(client.with(next)), asked()]).toEqual([200, 2]);
    expect(await status(client)).toBe(401); // what was withdrawn counts no more
  });

  it('is not asked for more than once in ten seconds, whatever keys are made up', async () => {
    const { client, asked } = await publishing();
    expect(await status(client)).toBe(200);
    const forge = async () => status(client.with(await clientKey('ES256', 'made up')));
    for (let round = 1; round <= 3; round++) {
      service.clock.advance(10);
      const codes = await Promise.all([forge(), forge(), forge()]); // at once, and one after the other
      for (let n = 0; n < 3; n++) codes.push(await forge());
      expect(codes).toEqual(codes.map(() => 401));
      expect(asked()).toBe(1 + round);
      await rows.forgetFailures();
    }
    // Whoever is right is served meanwhile.
    expect([await status(client), asked()]).toEqual([200, 4]);
  });

  it('serves for a day while it cannot be read', async () => {
    const { client, site, asked } = await publishing();
    expect(await status(client)).toBe(200);
    for (const answer of [{ status: 500 }, { body: 'not JSON' }, { status: 404 }]) {
      site.answers.set(JWKS, () => answer);
      service.clock.advance(3600);
      expect(await status(client)).toBe(200);
    }
    expect(asked()).toBeGreaterThan(1);
    await site.close();
    service.clock.advance(86_400 - 3 * 3600);
    expect(await status(client)).toBe(200);
    service.clock.advance(1);
    expect(await status(client)).toBe(401);
    await site.open();
    site.answers.delete(JWKS);
    service.clock.advance(2);
    expect(await status(client)).toBe(401);
  });

  it('works again as soon as it can be read', async () => {
    const { client, key, site, publish } = await publishing();
    site.answers.set(JWKS, () => ({ status: 503 }));
    expect(await status(client)).toBe(401);
    publish(key);
    service.clock.advance(1);
    expect(await status(client)).toBe(200);
  });

  const unusable: [name: string, answer: (key: ClientKey, url: string) => Promise<Answer> | Answer][] = [
    ['a redirect', (_, url) => ({ status: 302, headers: { location: `${url}/elsewhere` } })],
    ['more than 64 KiB', (key) => ({ body: { ...jwksOf(key), padding: 'x'.repeat(65_536) } })],
    ['a list', (key) => ({ body: jwksOf(key).keys })],
    ['no keys', () => ({ body: { keys: [] } })],
    ['private keys', async (key) => ({ body: { keys: [{ ...(await exportJWK(key.privateKey)), kid: key.kid, alg: key.alg }] } })],
    ['a shared secret', (key) => ({ body: { keys: [{ kty: 'oct', k: 'AAAA', kid: key.kid }] } })],
    ['keys for encryption', (key) => ({ body: { keys: [{ ...key.publicJwk, use: 'enc' }] } })],
    ['keys for another algorithm', (key) => ({ body: { keys: [{ ...key.publicJwk, alg: 'ES384' }] } })],
    ['a point that is on no curve', (key) => ({ body: { keys: [{ ...key.publicJwk, x: 'AAAA' }] } })],
  ];
  it.each(unusable)('proves nothing with %s', async (_, answer) => {
    const { client, key, site } = await publishing();
    const given = await answer(key, site.url);
    site.answers.set(JWKS, () => given);
    site.answers.set('/elsewhere', () => ({ body: jwksOf(key) }));
    expect(await status(client)).toBe(401);
    expect(site.count('/elsewhere')).toBe(0);
  });

  it('needs a kid where several keys fit (OpenID Connect Core §10.1)', async () => {
    const { client } = await publishing(await clientKey(), await clientKey());
    expect([await status(client), await status(client, { kid: undefined })]).toEqual([200, 401]);
  });

  it('is not read over plain http from elsewhere', async () => {
    const client = await AssertingClient.register(confidentialClient(), service, { jwksUri: 'http://keys.example.com/jwks' });
    expect(await status(client)).toBe(401);
  });

  it('is given up after five seconds', async () => {
    const { client, site } = await publishing();
    site.answers.set(JWKS, () => ({ silent: true }));
    expect(await status(client)).toBe(401);
  });
});
