import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

export interface SigningKey {
  readonly kid: string;
  readonly algorithm: 'ES256' | 'RS256';
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly publicJwk: Record<string, unknown>;
}

export function createSigningKey(algorithm: 'ES256' | 'RS256', kid = randomBytes(8).toString('hex')): SigningKey {
  const { privateKey, publicKey } =
    algorithm === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const publicJwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' };
  return { kid, algorithm, privateKey, publicKey, publicJwk };
}

/** Signs whatever it is given: tests of a verifier need tokens that no library would make. */
export function signJwt(key: SigningKey, claims: unknown, header: Record<string, unknown> = {}): string {
  const input = signingInput({ typ: 'at+jwt', alg: key.algorithm, kid: key.kid, ...header }, claims);
  return `${input}.${sign('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

export const signingInput = (header: unknown, claims: unknown): string => `${encode(header)}.${encode(claims)}`;

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
