import { createHash } from 'node:crypto';
import { KeyRing } from '../../src/issuance/keys/key-ring.js';
import { KEY_RELOAD_SECONDS, KeyRotation } from '../../src/issuance/keys/key-rotation.js';
import { TokenMaintenance } from '../../src/issuance/maintenance/token-maintenance.js';
import { KeyStore } from '../../src/storage/key.store.js';
import { confidentialClient, resourceServer } from '../support/clients.js';
import { ProtocolClient, signUp } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';

const DAY = 86_400;
let service: TestService;
let beside: TestService;

beforeAll(async () => {
  service = await startService({ issuance: { signingKeyDays: 10 } });
  beside = await startService({ beside: service, issuance: { signingKeyDays: 10 } });
});
afterAll(async () => {
  await beside.close();
  await service.close();
});

const kidOf = (jwt: string): string => JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()).kid;
const published = async (at: TestService): Promise<string[]> =>
  (await new ProtocolClient(at.url).json('GET', '/.well-known/jwks.json')).body.keys.map((key: { kid: string }) => key.kid);

describe('Signing keys', () => {
  it('are shared by instances, and published without their private parts', async () => {
    const { body } = await new ProtocolClient(service.url).json('GET', '/.well-known/jwks.json');
    expect(body.keys.map((key: { alg: string }) => key.alg).sort()).toEqual(['ES256', 'RS256']);
    for (const key of body.keys) expect(Object.keys(key)).not.toEqual(expect.arrayContaining(['d']));
    expect(await published(beside)).toEqual(await published(service));
  });

  it('are served with an ETag (RFC 9110 §13.1.2)', async () => {
    const client = new ProtocolClient(service.url);
    for (const path of ['/.well-known/jwks.json', '/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']) {
      const first = await client.send(path, {});
      expect(first.headers.get('cache-control')).toMatch(/^public, max-age=\d+$/);
      expect(first.headers.get('access-control-allow-origin')).toBe('*');
      const second = await client.send(path, { headers: { 'if-none-match': first.headers.get('etag') ?? '' } });
      expect(second.status).toBe(304);
    }
  });

  it('go from next to active to retired to gone, on every instance, without a restart', async () => {
    const client = await confidentialClient().register(service);
    const tokenAt = async (at: TestService): Promise<string> =>
      (await new ProtocolClient(at.url, client).token({ grant_type: 'client_credentials' })).body.access_token;
    const api = await resourceServer().register(service);
    const first = kidOf(await tokenAt(service));

    service.clock.advance(9 * DAY);
    await service.get(TokenMaintenance).round();
    await beside.get(KeyRing).reload();
    const next = (await published(beside)).filter((kid) => kid !== first);
    expect(kidOf(await tokenAt(service))).toBe(first); // next: published, not yet used

    service.clock.advance(DAY);
    const [second, besideToken] = [await tokenAt(service), await tokenAt(beside)];
    expect(kidOf(second)).not.toBe(first);
    expect(kidOf(besideToken)).toBe(kidOf(second));
    expect(next).toContain(kidOf(second));
    expect(await published(service)).toContain(first); // retired: still verifies
    expect((await new ProtocolClient(beside.url, api).introspect(second)).body.active).toBe(true);

    service.clock.advance(2 * DAY + 1);
    await service.get(TokenMaintenance).round();
    expect(await published(service)).not.toContain(first); // gone
  });

  // A guard that keeps the key set as long as it may would refuse good tokens, and so would a neighbour in front of it.
  it('are rotated by hand only when every instance and every copy of the key set has the new one', async () => {
    const client = await confidentialClient().register(service);
    const signs = async (): Promise<string> =>
      kidOf((await new ProtocolClient(service.url, client).token({ grant_type: 'client_credentials' })).body.access_token);
    const before = await signs();
    const [made] = await service.get(KeyRotation).rotate(['sign:ES256']);
    const key = made?.kid;
    expect(await published(service)).toContain(key);

    service.clock.advance(KEY_RELOAD_SECONDS);
    const { headers } = await new ProtocolClient(beside.url).send('/.well-known/jwks.json', {}); // copied just before it is read anew
    await beside.get(KeyRing).reload();
    expect(await published(beside)).toContain(key);
    service.clock.advance(Number(/max-age=(\d+)/.exec(headers.get('cache-control') ?? '')?.[1]));
    expect(await signs()).toBe(before);

    service.clock.advance(120); // a margin, no more
    expect(await signs()).toBe(key);
  });

  it('may be rotated at once: a neighbour that has not read the new key yet finds it by its id', async () => {
    const client = await confidentialClient().register(service);
    const api = await resourceServer().register(service);
    await service.get(KeyRotation).rotateNow(['sign:ES256']);
    const { body } = await new ProtocolClient(service.url, client).token({ grant_type: 'client_credentials' });
    await new Promise((resolve) => setTimeout(resolve, 1_100)); // the cooldown against floods of unknown ids is on the monotonic clock
    expect((await new ProtocolClient(beside.url, api).introspect(body.access_token)).body.active).toBe(true);
  });

  it('take their tokens along when they are revoked', async () => {
    const client = await confidentialClient().register(service);
    const api = new ProtocolClient(service.url, await resourceServer().register(service));
    const { body } = await new ProtocolClient(service.url, client).token({ grant_type: 'client_credentials' });
    await service.get(KeyStore).revoke(kidOf(body.access_token), service.clock.now());
    expect((await api.introspect(body.access_token)).body.active).toBe(false);
    await service.get(TokenMaintenance).round();
    expect(await published(service)).not.toContain(kidOf(body.access_token));
    expect((await new ProtocolClient(service.url, client).token({ grant_type: 'client_credentials' })).status).toBe(200);
  });
});

describe('A signing key whose successor is revoked', () => {
  it('is used again, and is in the key set again though it had left it', async () => {
    const first = service.get(KeyRing).signing('ES256').kid;
    await service.get(KeyRotation).rotateNow(['sign:ES256']);
    service.clock.advance(3 * DAY);
    expect(await published(service)).not.toContain(first);
    await service.get(KeyStore).revoke(service.get(KeyRing).signing('ES256').kid, service.clock.now());
    await service.get(KeyRing).reload();
    expect(service.get(KeyRing).signing('ES256').kid).toBe(first);
    expect(await published(service)).toContain(first);
  });
});

describe('Derivation keys', () => {
  it('are renewed daily; a retry at a neighbour that does not know the new one yet gets the same successor', async () => {
    const person = await signUp(service.url);
    const app = { id: 'first-party', secret: undefined };
    await service.get(KeyRotation).rotateNow(['derive']);
    const won = await new ProtocolClient(service.url, app).refresh(person.refreshToken);
    const retry = await new ProtocolClient(beside.url, app).refresh(person.refreshToken);
    expect(retry.body.refresh_token).toBe(won.body.refresh_token);
  });

  it('are rotated by hand when every instance has the new one, which is sooner than every copy of the key set', async () => {
    const before = service.get(KeyRing).derivation().kid;
    const [derive, sign] = await service.get(KeyRotation).rotate(['derive', 'sign:ES256']);
    service.clock.advance(KEY_RELOAD_SECONDS);
    expect(service.get(KeyRing).derivation().kid).toBe(before);
    service.clock.advance(90);
    expect(service.get(KeyRing).derivation().kid).toBe(derive?.kid);
    expect(service.get(KeyRing).signing('ES256').kid).not.toBe(sign?.kid);
  });

  it('are destroyed once no retry can need them', async () => {
    const before = service.get(KeyRing).derivation().id;
    service.clock.advance(DAY + KEY_RELOAD_SECONDS * 8);
    await service.get(TokenMaintenance).round();
    service.clock.advance(3_600);
    await service.get(TokenMaintenance).round();
    expect(service.get(KeyRing).derivation().id).not.toBe(before);
    expect((await service.get(KeyStore).list()).map((key) => key.id)).not.toContain(before);
  });
});

describe('The master key', () => {
  it('is refused at start when the keys were sealed with another', async () => {
    const other = createHash('sha256').update('another').digest();
    await expect(startService({ beside: { ...service, masterKey: other } })).rejects.toThrow(/master key/i);
  });
});
