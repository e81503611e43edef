import { createPrivateKey, createPublicKey, generateKeyPair, randomBytes, randomUUID, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, exportJWK } from 'jose';
import type { KeyPurpose, KeyRecord, NewKey } from '../../storage/key.store.js';
import type { SigningAlgorithm } from '../issuance.options.js';
import type { MasterKey } from './master-key.js';

/** A signing key, ready for use: KeyObjects are several times faster than PEM. */
export interface SigningKey {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly publicJwk: object;
}

/** 256 symmetric bits: derives successors, or seals self-contained refresh tokens. */
export interface SymmetricKey {
  readonly id: number;
  readonly kid: string;
  readonly secret: Buffer;
}

const generate = promisify(generateKeyPair);
const SECRET_BYTES = 32;

/** A new key for the purpose, its secret part sealed. */
export async function makeKey(purpose: KeyPurpose, masterKey: MasterKey, createdAt: Date, activatesAt: Date): Promise<NewKey> {
  const algorithm = signingAlgorithm(purpose);
  if (!algorithm) {
    const kid = randomUUID();
    return { kid, purpose, createdAt, activatesAt, sealed: masterKey.seal(randomBytes(SECRET_BYTES), boundTo(kid, purpose)) };
  }
  const { privateKey, publicKey } =
    algorithm === 'ES256' ? await generate('ec', { namedCurve: 'P-256' }) : await generate('rsa', { modulusLength: 2048 });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk); // RFC 7638
  const sealed = masterKey.seal(privateKey.export({ type: 'pkcs8', format: 'der' }), boundTo(kid, purpose));
  return { kid, purpose, publicJwk: { ...jwk, kid, alg: algorithm, use: 'sig' }, sealed, createdAt, activatesAt };
}

export function openSigningKey(record: KeyRecord, algorithm: SigningAlgorithm, masterKey: MasterKey): SigningKey {
  const der = masterKey.open(record.sealed, boundTo(record.kid, record.purpose));
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return { kid: record.kid, algorithm, privateKey, publicKey: createPublicKey(privateKey), publicJwk: record.publicJwk ?? {} };
}

export const openSymmetricKey = (record: KeyRecord, masterKey: MasterKey): SymmetricKey => ({
  id: record.id,
  kid: record.kid,
  secret: masterKey.open(record.sealed, boundTo(record.kid, record.purpose)),
});

export function signingAlgorithm(purpose: KeyPurpose): SigningAlgorithm | undefined {
  return purpose === 'sign:ES256' ? 'ES256' : purpose === 'sign:RS256' ? 'RS256' : undefined;
}

const boundTo = (kid: string, purpose: KeyPurpose): string => `${purpose}:${kid}`;
