import { createHmac, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { KeyRing } from '../../src/issuance/keys/key-ring.js';
import { KeyRotation } from '../../src/issuance/keys/key-rotation.js';
import { TokenMaintenance } from '../../src/issuance/maintenance/token-maintenance.js';
import { IdTokenHints } from '../../src/issuance/tokens/id-token-hints.js';
import { KeyStore } from '../../src/storage/key.store.js';
import { confidentialClient } from '../support/clients.js';
import { ProtocolClient, signUp } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';
import { signedByService, type SignedTokenChanges } from './support/signed-tokens.js';

const DAY = 86_400;
const sub = randomUUID();
const sid = randomUUID();
const claims = { sub, sid, aud: 'app' };

let service: TestService;
beforeAll(async () => (service = await startService()));
afterAll(() => service.close());

const read = (token: string) => service.get(IdTokenHints).read(token);
const signed = (changes: SignedTokenChanges = {}) => signedByService(service, { ...changes, claims: { ...claims, ...changes.claims } });
const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

describe('An id token as a hint', () => {
  it('says whom it was about, by either algorithm, in a list of one audience too', async () => {
    const hint = { subject: sub, sid, client: 'app' };
    expect(await read(await signed())).toEqual(hint);
    expect(await read(await signed({ algorithm: 'ES256' }))).toEqual(hint);
    expect(await read(await signed({ claims: { aud: ['app'] } }))).toEqual(hint);
    expect(await read(await signed({ claims: { sid: undefined } }))).toEqual({ subject: sub, client: 'app' });
  });

  it('is as good when it has expired, and when its key was replaced, until long after that key has left the key set', async () => {
    const token = await signed({ claims: { iat: 1, exp: 2 } });
    expect(await read(token)).toBeDefined();
    await service.get(KeyRotation).rotateNow(['sign:RS256']);
    expect(await read(token)).toBeDefined();
    service.clock.advance(30 * DAY);
    await service.get(TokenMaintenance).round();
    const { body } = await new ProtocolClient(service.url).json('GET', '/.well-known/jwks.json');
    const kid = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
    expect(body.keys.map((key: { kid: string }) => key.kid)).not.toContain(kid);
    expect(await read(token)).toBeDefined();
    service.clock.advance(370 * DAY);
    await service.get(TokenMaintenance).round();
    expect(await read(token)).toBeUndefined();
  });

  it('is none once its key was revoked', async () => {
    const token = await signed({ algorithm: 'ES256' });
    await service.get(KeyStore).revoke(service.get(KeyRing).signing('ES256').kid, service.clock.now());
    await service.get(TokenMaintenance).round();
    expect(await read(token)).toBeUndefined();
    expect(await read(await signed({ algorithm: 'ES256' }))).toBeDefined();
  });

  const misused: Record<string, () => Promise<string> | string> = {
    'an access token': async () => {
      const client = await confidentialClient().register(service);
      return (await new ProtocolClient(service.url, client).token({ grant_type: 'client_credentials' })).body.access_token;
    },
    "a person's access token": async () => (await signUp(service.url)).accessToken,
    'a refresh token': async () => (await signUp(service.url)).refreshToken,
    'an id token by the type of an access token': () => signed({ header: { typ: 'at+jwt' } }),
    'a logout token (OpenID Connect Back-Channel Logout 1.0 §2.4)': () => signed({ header: { typ: 'logout+jwt' }, claims: { events: {} } }),
    'a logout token without its type': () => signed({ claims: { events: {} } }),
    'no type': () => signed({ header: { typ: undefined } }),
    'signed user information: no dates': () => signed({ claims: { iat: undefined, exp: undefined } }),
    'another issuer': () => signed({ claims: { iss: 'https://elsewhere.example' } }),
    'our issuer with a slash': () => signed({ claims: { iss: `${service.issuer}/` } }),
    'no issuer': () => signed({ claims: { iss: undefined } }),
    'no audience': () => signed({ claims: { aud: undefined } }),
    'two audiences': () => signed({ claims: { aud: ['app', 'other'] } }),
    'no subject': () => signed({ claims: { sub: undefined } }),
    'a foreign key by its own kid': () => byForeignKey('foreign'),
    'a foreign key by our kid': () => byForeignKey(service.get(KeyRing).signing('ES256').kid),
    'no kid': () => signed({ header: { kid: undefined } }),
    'a kid that is no string': async () => withHeader(await signed(), { kid: [service.get(KeyRing).signing('RS256').kid] }),
    'alg none': async () =>
      `${withHeader(await signed(), { alg: 'none' })
        .split('.')
        .slice(0, 2)
        .join('.')}.`,
    'alg none with the old signature': async () => withHeader(await signed(), { alg: 'none' }),
    'HS256 by the public key': async () => {
      const { privateKey } = service.get(KeyRing).signing('RS256');
      const [header, payload] = withHeader(await signed(), { alg: 'HS256' }).split('.');
      const secret = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' });
      return `${header}.${payload}.${createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url')}`;
    },
    'another algorithm of the same key': async () => {
      const { privateKey, kid } = service.get(KeyRing).signing('RS256');
      return new SignJWT({ iss: service.issuer, iat: 1, exp: 2, ...claims })
        .setProtectedHeader({ alg: 'PS256', kid, typ: 'JWT' })
        .sign(privateKey);
    },
    'crit: unencoded payload (RFC 7797)': () => signed({ header: { crit: ['b64'], b64: true } }),
    'an altered payload': async () => {
      const [header, , signature] = (await signed()).split('.');
      return `${header}.${encode({ ...claims, iss: service.issuer, iat: 1, exp: 2, sub: randomUUID() })}.${signature}`;
    },
    'more than 16 KiB': () => signed({ claims: { note: 'x'.repeat(16_384) } }),
    'no JWT at all': () => '../../etc/passwd',
    dots: () => '..',
  };

  it.each(Object.entries(misused))('is not %s', async (_, make) => {
    expect(await read(await make())).toBeUndefined();
  });
});

function withHeader(token: string, changes: object): string {
  const [header = '', payload, signature] = token.split('.');
  return `${encode({ ...JSON.parse(Buffer.from(header, 'base64url').toString()), ...changes })}.${payload}.${signature}`;
}

const byForeignKey = (kid: string): Promise<string> =>
  new SignJWT({ iss: service.issuer, iat: 1, exp: 2, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid, typ: 'JWT' })
    .sign(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
