import { createHmac, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { KeyRing } from '../../../src/issuance/keys/key-ring.js';
import type { BadInput } from './bad-input.js';

type Part = Readonly<Record<string, unknown>>;

const encode = (part: Part): string => Buffer.from(JSON.stringify(part)).toString('base64url');
const decode = (part = ''): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
const es256 = (input: string, key: KeyObject): string =>
  sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');

/** Another last character that decodes to the same bytes: base64url's spare bits. */
function otherSpelling(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(text.at(-1) ?? '');
  const other = text.slice(0, -1) + alphabet[last ^ 1];
  if (!Buffer.from(other, 'base64url').equals(Buffer.from(text, 'base64url'))) throw new Error('no spare bits');
  return other;
}

/** Signs with the service's own key what the service would not: what a bug elsewhere might. */
export function signedByService(bad: BadInput, changedHeader: Part, changedClaims: Part): string {
  const [header, claims] = bad.tokens.machineJwt.split('.');
  const input = `${encode({ ...decode(header), ...changedHeader })}.${encode({ ...decode(claims), ...changedClaims })}`;
  return `${input}.${es256(input, bad.service.get(KeyRing).signing('ES256').privateKey)}`;
}

/** JWTs made of a good one that are none of ours, each by name. */
export const FORGED_JWTS: Readonly<Record<string, (bad: BadInput) => string>> = {
  'alg none, no signature': (bad) => withHeader(bad, { alg: 'none' }, () => ''),
  'alg none, the old signature': (bad) => withHeader(bad, { alg: 'none' }, (_, old) => old),
  'alg None': (bad) => withHeader(bad, { alg: 'None' }, () => ''),
  'no alg': (bad) => withHeader(bad, { alg: undefined }, (_, old) => old),
  'HS256 with the public key, PEM': (bad) => withHeader(bad, { alg: 'HS256' }, (input) => hmac(input, pem(bad))),
  'HS256 with the public key, DER': (bad) =>
    withHeader(bad, { alg: 'HS256' }, (input) => hmac(input, publicKey(bad).export({ type: 'spki', format: 'der' }))),
  'HS256 with the public key, JWK': (bad) =>
    withHeader(bad, { alg: 'HS256' }, (input) => hmac(input, JSON.stringify(bad.service.get(KeyRing).publicJwks()[0]))),
  'HS256 with an empty secret': (bad) => withHeader(bad, { alg: 'HS256' }, (input) => hmac(input, '')),
  'RS256 by name, ES256 by key': (bad) => withHeader(bad, { alg: 'RS256' }, (_, old) => old),
  'a signature by a foreign key under our kid': (bad) => withHeader(bad, {}, (input) => es256(input, foreignKey().privateKey)),
  'a foreign kid': (bad) => withHeader(bad, { kid: 'foreign' }, (input) => es256(input, foreignKey().privateKey)),
  'a kid that is a path': (bad) => withHeader(bad, { kid: '../../../../dev/null' }, (input) => hmac(input, '')),
  'a kid that is no string': (bad) => withHeader(bad, { kid: ['a'] }, (_, old) => old),
  'no kid': (bad) => withHeader(bad, { kid: undefined }, (_, old) => old),
  'no kid, signed by our key': (bad) => signedByService(bad, { kid: undefined }, {}),
  'its own key in the header': (bad) => {
    const key = foreignKey();
    return withHeader(bad, { jwk: key.publicKey.export({ format: 'jwk' }), kid: undefined }, (input) => es256(input, key.privateKey));
  },
  'an altered payload': (bad) => {
    const [header, claims, signature] = bad.tokens.machineJwt.split('.');
    return `${header}.${encode({ ...decode(claims), scope: 'todos:write' })}.${signature}`;
  },
  'an altered signature': (bad) => {
    const [header, claims, signature = ''] = bad.tokens.machineJwt.split('.');
    return `${header}.${claims}.${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`;
  },
  'no signature': (bad) => bad.tokens.machineJwt.split('.').slice(0, 2).join('.') + '.',
  'two parts': (bad) => bad.tokens.machineJwt.split('.').slice(0, 2).join('.'),
  'four parts': (bad) => `${bad.tokens.machineJwt}.x`,
  'a signature cut short': (bad) => bad.tokens.machineJwt.slice(0, -2),
  'a signature of zeros': (bad) => withHeader(bad, {}, () => Buffer.alloc(64).toString('base64url')),
  'a signature in DER': (bad) =>
    withHeader(bad, {}, (input) =>
      sign('sha256', Buffer.from(input), bad.service.get(KeyRing).signing('ES256').privateKey).toString('base64url'),
    ),
  'a signature spelled otherwise': (bad) => otherSpelling(bad.tokens.machineJwt),
  'a padded signature': (bad) => `${bad.tokens.machineJwt}==`,
  'a space behind': (bad) => `${bad.tokens.machineJwt} `,
  'a line break within': (bad) => bad.tokens.machineJwt.replace('.', '.\n'),
  'the scheme before it': (bad) => `Bearer ${bad.tokens.machineJwt}`,
  crit: (bad) => signedByService(bad, { crit: ['exp'] }, {}),
  'typ JWT: an id token': (bad) => signedByService(bad, { typ: 'JWT' }, {}),
  'no typ': (bad) => signedByService(bad, { typ: undefined }, {}),
  'typ logout+jwt': (bad) => signedByService(bad, { typ: 'logout+jwt' }, {}),
  'another issuer': (bad) => signedByService(bad, {}, { iss: 'https://elsewhere.example' }),
  'our issuer with a slash': (bad) => signedByService(bad, {}, { iss: `${bad.service.issuer}/` }),
  'no issuer': (bad) => signedByService(bad, {}, { iss: undefined }),
  'no jti': (bad) => signedByService(bad, {}, { jti: undefined }),
  'a jti of no entry': (bad) => signedByService(bad, {}, { jti: `${'A'.repeat(37)}B` }),
  'a jti of another form': (bad) => signedByService(bad, {}, { jti: 'e2d1c1a0-1111-4222-8333-944455556666' }),
  'the jti of a token by reference': (bad) => signedByService(bad, {}, { jti: idOf(bad.tokens.machineReference) }),
  "the jti of a person's token": (bad) => signedByService(bad, {}, { jti: decode(bad.tokens.personJwt.split('.')[1])['jti'] }),
  'claims that are an array': (bad) => {
    const input = `${bad.tokens.machineJwt.split('.')[0]}.${Buffer.from('[]').toString('base64url')}`;
    return `${input}.${es256(input, bad.service.get(KeyRing).signing('ES256').privateKey)}`;
  },
  '20 KB': (bad) => signedByService(bad, {}, { note: 'x'.repeat(20_000) }),
};

function withHeader(bad: BadInput, changes: Part, signature: (input: string, old: string) => string): string {
  const [header, claims, old = ''] = bad.tokens.machineJwt.split('.');
  const input = `${encode({ ...decode(header), ...changes })}.${claims}`;
  return `${input}.${signature(input, old)}`;
}

const hmac = (input: string, secret: string | Buffer): string => createHmac('sha256', secret).update(input).digest('base64url');

const publicKey = (bad: BadInput): KeyObject => createPublicKey(bad.service.get(KeyRing).signing('ES256').privateKey);

const pem = (bad: BadInput): string => publicKey(bad).export({ type: 'spki', format: 'pem' }).toString();

const foreignKey = (): { publicKey: KeyObject; privateKey: KeyObject } => generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** What the `jti` of a reference token would be: its entry key. */
const idOf = (reference: string): string => Buffer.from(reference.slice(6), 'base64url').subarray(0, 28).toString('base64url');

export { otherSpelling };
