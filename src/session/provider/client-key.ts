import { createPrivateKey, webcrypto, type KeyObject } from 'node:crypto';
import type { OidcPrivateKey } from '../session.options.js';

const ALGORITHMS = {
  ec: { name: 'ECDSA', namedCurve: 'P-256' },
  rsa: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
} as const;
const SHORTEST_RSA = 2_048;

export interface ClientKey {
  readonly key: webcrypto.CryptoKey;
  readonly kid?: string;
}

/** Whether it is a key that the app can sign with. */
export function isUsableKey({ key }: OidcPrivateKey): boolean {
  const read = readKey(key);
  const { namedCurve, modulusLength = 0 } = read?.asymmetricKeyDetails ?? {};
  return (
    (read?.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') ||
    (read?.asymmetricKeyType === 'rsa' && modulusLength >= SHORTEST_RSA)
  );
}

/** @throws TypeError: it is none */
export async function clientKey({ key, kid = kidOf(key) }: OidcPrivateKey): Promise<ClientKey> {
  const read = readKey(key);
  const algorithm = ALGORITHMS[read?.asymmetricKeyType as keyof typeof ALGORITHMS];
  if (!read || !algorithm) throw new TypeError('oidc.privateKey.key is no key to sign with.');
  const pkcs8 = read.export({ format: 'der', type: 'pkcs8' });
  return { key: await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']), ...(kid !== undefined && { kid }) };
}

/** Undefined: no private key. Why not would say something of what it is. */
function readKey(key: OidcPrivateKey['key']): KeyObject | undefined {
  try {
    return typeof key === 'string' ? createPrivateKey(key) : createPrivateKey({ key, format: 'jwk' });
  } catch {
    return undefined;
  }
}

const kidOf = (key: OidcPrivateKey['key']): string | undefined => {
  const kid = typeof key === 'string' ? undefined : key['kid'];
  return typeof kid === 'string' ? kid : undefined;
};
