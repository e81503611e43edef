import { generateKeyPairSync } from 'node:crypto';
import type { NewClient } from '../../storage/client.store.js';
import { blankClient } from './client-options.js';
import { clientFaults } from './client-rules.js';

const GRANTS = ['client_credentials', 'refresh_token', 'authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'];
const surroundings = { grantTypes: GRANTS, scopes: new Set(['openid']), tokenStorage: true };

const faultsOf = (changes: Partial<NewClient>, permissions: Partial<NewClient['permissions']> = {}): string[] => {
  const blank = blankClient('app', changes.type ?? 'confidential');
  return clientFaults({ ...blank, ...changes, permissions: { ...blank.permissions, ...permissions } }, surroundings);
};

const pair = (curve: string) => generateKeyPairSync('ec', { namedCurve: curve });
const { publicKey, privateKey } = pair('P-256');
const jwk = publicKey.export({ format: 'jwk' });
const rsa = (modulusLength: number): object => generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' });

describe('the rules for keys (RFC 7523, RFC 7591 §2)', () => {
  const withKeys = (...keys: unknown[]) => faultsOf({ authenticationMethod: 'private_key_jwt', jwks: { keys } });

  it('take public keys of every kind that can sign an assertion', () => {
    const kinds = [
      { ...jwk, alg: 'ES256', use: 'sig' },
      { ...pair('P-384').publicKey.export({ format: 'jwk' }), key_ops: ['verify'] },
      pair('P-521').publicKey.export({ format: 'jwk' }),
      generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }),
      { ...rsa(2048), alg: 'PS256' },
    ];
    for (const kind of kinds) expect(withKeys(kind)).toEqual([]);
    expect(withKeys(...kinds.map((kind, n) => ({ ...kind, kid: `key ${n}` })))).toEqual([]);
  });

  it('refuse private parts without showing them', () => {
    const whole = privateKey.export({ format: 'jwk' });
    const [fault] = withKeys(whole);
    expect(fault).toMatch(/^--jwks: key 1 holds a private part/);
    expect(fault).not.toContain(whole.d);
    expect(withKeys(jwk, { kty: 'oct', k: 'c2VjcmV0' })).toContainEqual(expect.stringMatching(/key 2 holds a private part/));
    for (const member of ['p', 'q', 'dp', 'dq', 'qi', 'oth']) expect(withKeys({ ...rsa(2048), [member]: 'x' })).toHaveLength(1);
  });

  const broken: [name: string, key: unknown, fault: RegExp][] = [
    ['null', null, /is no JWK/],
    ['a list', [], /is no JWK/],
    ['no kind', {}, /of a kind/],
    ['X25519', { kty: 'OKP', crv: 'X25519', x: 'AAAA' }, /of a kind/],
    ['secp256k1', { ...jwk, crv: 'secp256k1' }, /of a kind/],
    ['names of objects', { kty: 'EC', crv: '__proto__' }, /of a kind/],
    ['another alg', { ...jwk, alg: 'RS256' }, /alg that does not fit: ES256/],
    ['HS256', { ...jwk, alg: 'HS256' }, /alg that does not fit/],
    ['a kid that is no text', { ...jwk, kid: 1 }, /kid that is no text/],
    ['encryption', { ...jwk, use: 'enc' }, /not for signatures/],
    ['other operations', { ...jwk, key_ops: ['encrypt'] }, /not for signatures/],
    ['a point that is on no curve', { ...jwk, x: jwk.y }, /is broken/],
    ['half a point', { ...jwk, y: undefined }, /is broken/],
    ['1024 bits', rsa(1024), /shorter than 2048 bits/],
  ];
  it.each(broken)('refuse %s', (_, key, fault) => {
    expect(withKeys(key)).toEqual([expect.stringMatching(fault)]);
  });

  it('want one key at least, and names for several', () => {
    for (const jwks of [{}, { keys: [] }, { keys: 'x' }]) {
      expect(faultsOf({ authenticationMethod: 'private_key_jwt', jwks })).toEqual([expect.stringMatching(/at least one key/)]);
    }
    const { publicKey: other } = pair('P-256');
    const second = other.export({ format: 'jwk' });
    const unnamed = [expect.stringMatching(/each of several keys needs a kid/)];
    expect(withKeys(jwk, second)).toEqual(unnamed);
    expect(withKeys({ ...jwk, kid: 'a' }, { ...second, kid: 'a' })).toEqual(unnamed);
    expect(withKeys({ ...jwk, kid: 'a' }, { ...second, kid: 'b' })).toEqual([]);
  });

  it('want either keys or an address of keys, for private_key_jwt only', () => {
    const jwks = { keys: [jwk] };
    const jwksUri = 'https://app.example.com/jwks';
    const method = { authenticationMethod: 'private_key_jwt' } as const;
    const exactlyOne = [expect.stringMatching(/exactly one of --jwks and --jwks-uri/)];
    expect([faultsOf(method), faultsOf({ ...method, jwks, jwksUri })]).toEqual([exactlyOne, exactlyOne]);
    expect(faultsOf({ ...method, jwksUri })).toEqual([]);
    for (const keys of [{ jwks }, { jwksUri }]) expect(faultsOf(keys)).toEqual([expect.stringMatching(/are for --method private_key_jwt/)]);
    expect(faultsOf({ ...method, type: 'public', jwks })).toEqual([expect.stringMatching(/public client cannot keep a secret/)]);
  });
});

describe('the rules for addresses that we call', () => {
  const said = (uri: string): string[] => [
    ...faultsOf({ authenticationMethod: 'private_key_jwt', jwksUri: uri }),
    ...faultsOf({ backchannelLogoutUri: uri }),
  ];

  it.each(['https://app.example.com/x?y=z', 'http://localhost:4000/x', 'http://127.0.0.1/x', 'http://[::1]:3000/x'])('take %s', (uri) => {
    expect(said(uri)).toEqual([]);
  });

  it.each([
    'http://app.example.com/x',
    'https://app.example.com/x#y',
    'https://app.example.com/#',
    'https://user@app.example.com/x',
    'https://:secret@app.example.com/x',
    'ftp://app.example.com/x',
    'file:///etc/passwd',
    'app.example.com',
    '/x',
    '',
    `https://app.example.com/${'x'.repeat(2000)}`,
  ])('refuse %s', (uri) => {
    expect(said(uri)).toHaveLength(2);
  });
});

describe('the rules for signing people in', () => {
  const redirectUris = ['https://app.example.com/back'];
  const endpoints = ['token', 'authorization', 'pushed_authorization', 'device', 'end_session'] as const;

  it('take a client that uses everything', () => {
    const settings = { requirePushedRequests: true, requirePkce: false, consent: 'implicit', idTokenAlgorithm: 'ES256' } as const;
    const client = { redirectUris, postLogoutRedirectUris: redirectUris, backchannelLogoutUri: 'https://app.example.com/out', settings };
    expect(faultsOf(client, { endpoints, grantTypes: GRANTS, scopes: ['openid'] })).toEqual([]);
  });

  const faulty: [name: string, faults: () => string[], told: RegExp][] = [
    ['no redirect URI', () => faultsOf({}, { endpoints: ['token', 'authorization'] }), /at least one --redirect-uri/],
    [
      'codes without the endpoint that gives them',
      () => faultsOf({ redirectUris }, { grantTypes: ['authorization_code'] }),
      /authorization_code needs --endpoint authorization/,
    ],
    ['device codes without the endpoint that gives them', () => faultsOf({}, { grantTypes: [GRANTS[3] ?? ''] }), /needs --endpoint device/],
    [
      'pushed requests that lead nowhere',
      () => faultsOf({}, { endpoints: ['token', 'pushed_authorization'] }),
      /pushed_authorization needs --endpoint authorization/,
    ],
    [
      'pushed requests wanted and not permitted',
      () => faultsOf({ redirectUris, settings: { requirePushedRequests: true } }, { endpoints: ['token', 'authorization'] }),
      /on needs --endpoint pushed_authorization/,
    ],
    ['no PKCE for a public client', () => faultsOf({ type: 'public', settings: { requirePkce: false } }), /off needs --type confidential/],
    ['nowhere to sign out', () => faultsOf({ postLogoutRedirectUris: redirectUris }), /needs --endpoint end_session/],
  ];
  it.each(faulty)('refuse %s', (_, faults, told) => {
    expect(faults()).toEqual([expect.stringMatching(told)]);
  });
});
