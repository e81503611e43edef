import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { KeyRing } from '../../src/issuance/keys/key-ring.js';
import { AccessJwt } from '../../src/issuance/tokens/access-jwt.js';
import { createIdentityApp, type IdentityApp } from './support/identity-app.js';

let api: IdentityApp;
beforeAll(async () => {
  api = await createIdentityApp();
});
afterAll(() => api.close());

interface Parts {
  readonly header: Record<string, unknown>;
  readonly claims: Record<string, unknown>;
}

const decode = (part = ''): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
const partsOf = (token: string): Parts => ({ header: decode(token.split('.')[0]), claims: decode(token.split('.')[1]) });

const signed = ({ header, claims }: Parts, signature: (input: Buffer) => Buffer): string => {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${signature(Buffer.from(input)).toString('base64url')}`;
};
const by = (key: KeyObject) => (input: Buffer) => sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' });

const ec = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** A person's own access token, forged in one respect; the pair must be refused, and the refresh token stay good. */
const forgeries: [name: string, forge: (token: string) => string | Promise<string>][] = [
  ['signed by another key under our kid', (token) => signed(partsOf(token), by(ec()))],
  ['without a signature', (token) => signed(partsOf(token), () => Buffer.alloc(0))],
  ['of alg none', (token) => signed({ ...partsOf(token), header: { ...partsOf(token).header, alg: 'none' } }, () => Buffer.alloc(0))],
  [
    'of HS256 with the public key for the secret',
    async (token) => {
      const { header, claims } = partsOf(token);
      const { keys } = (await api.request('GET', '/.well-known/jwks.json')).body as { keys: { kid: string; x: string }[] };
      const secret = JSON.stringify(keys.find(({ kid }) => kid === header['kid']));
      return signed({ header: { ...header, alg: 'HS256' }, claims }, (input) => createHmac('sha256', secret).update(input).digest());
    },
  ],
  ['of a kid nobody knows', (token) => signed({ ...partsOf(token), header: { ...partsOf(token).header, kid: 'unknown' } }, by(ec()))],
  [
    'of alg RS256 under a kid of ES256',
    (token) => signed({ ...partsOf(token), header: { ...partsOf(token).header, alg: 'RS256' } }, by(ec())),
  ],
  // Of the last character four bits are spare: the signature's bytes stay the same.
  [
    'with its signature spelled in another way',
    (token) => {
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      return token.slice(0, -1) + (alphabet[alphabet.indexOf(token.slice(-1)) + 1] ?? '');
    },
  ],
  [
    'with claims of its holder’s making',
    (token) => {
      const [header = '', , signature = ''] = token.split('.');
      return `${header}.${encode({ ...partsOf(token).claims, lnk: 5 })}.${signature}`;
    },
  ],
];

async function expectInvalid(forge: (token: string) => string | Promise<string>, age: number): Promise<void> {
  const { accessToken, refreshToken } = await api.register();
  const forged = await forge(accessToken);
  api.clock.advance(age);
  const answer = await api.post('refresh', { refreshToken, accessToken: forged });
  expect([answer.status, answer.body.type]).toEqual([401, 'urn:countersign:problem:access-token-invalid']);
  expect((await api.me(forged)).status).toBe(401);
  expect((await api.post('refresh', { refreshToken, accessToken })).status).toBe(200);
}

describe('an access token sent to POST /auth/refresh', () => {
  it.each(forgeries)('%s is refused, alive or expired', async (_, forge) => {
    await expectInvalid(forge, 0);
    await expectInvalid(forge, 1000);
  });

  it('of another issuer with the same keys is refused', async () => {
    const other = await createIdentityApp({ sharing: api, issuance: { issuer: 'https://other.example' } });
    const sameClaims = (token: string): string => {
      const { claims } = partsOf(token);
      return other.get(AccessJwt).sign({ ...claims, iss: 'https://other.example' } as never, 'ES256');
    };
    await expectInvalid(sameClaims, 0);
    await expectInvalid(sameClaims, 1000);
    // What makes the difference is the issuer: the same, signed for this one, is taken.
    const { accessToken, refreshToken } = await api.register();
    const again = api.get(AccessJwt).sign(partsOf(accessToken).claims as never, 'ES256');
    expect((await api.post('refresh', { refreshToken, accessToken: again })).status).toBe(200);
    await other.close();
  });

  it('of another typ is refused: no id token serves as access token (RFC 9068 §2.1)', async () => {
    const { privateKey } = api.get(KeyRing).signing('ES256');
    const forge = (token: string): string =>
      signed({ ...partsOf(token), header: { ...partsOf(token).header, typ: 'JWT' } }, by(privateKey));
    await expectInvalid(forge, 0);
  });

  it('of the same person from another service is refused', async () => {
    const elsewhere = await createIdentityApp({ ownKeys: true });
    try {
      const { accessToken } = await elsewhere.register();
      await expectInvalid(() => accessToken, 0);
    } finally {
      await elsewhere.close();
    }
  });
});

describe('without rotation', () => {
  it('the refresh token stays the one to use, with any access token of its own', async () => {
    const app = await createIdentityApp({ sharing: api, issuance: { rotation: 'never' } });
    const { accessToken, refreshToken, refreshTokenExpiresIn } = await app.register();
    app.clock.advance(1000);
    const next = await app.post('refresh', { refreshToken, accessToken });
    expect([next.status, next.body.refreshToken]).toEqual([200, refreshToken]);
    expect((await app.me(next.body.accessToken)).status).toBe(200);
    app.clock.advance(1000);
    const last = await app.post('refresh', { refreshToken, accessToken: next.body.accessToken });
    expect([last.status, last.body.refreshToken]).toEqual([200, refreshToken]);
    // Its end is fixed: each answer says what is left.
    expect(last.body.refreshTokenExpiresIn).toBe(refreshTokenExpiresIn - 2000);
    await app.close();
  });
});
