import { createPublicKey, type JsonWebKey } from 'node:crypto';
import type { VerificationKey } from './issuer-keys.js';

const SMALLEST_RSA_BITS = 2048; // RFC 7518 §3.3

/**
 * The usable signing keys of a JWK set (RFC 7517 §5: keys that are not understood are passed over), by their `kid`. `undefined` when it is no JWK set.
 */
export function parseJwks(body: unknown): Map<string, VerificationKey> | undefined {
  const list = typeof body === 'object' && body !== null ? (body as { keys?: unknown }).keys : undefined;
  if (!Array.isArray(list)) return undefined;
  const keys = new Map<string, VerificationKey>();
  for (const jwk of list as unknown[]) {
    const key = parseJwk(jwk);
    if (key && !keys.has(key.kid)) keys.set(key.kid, key);
  }
  return keys;
}

function parseJwk(jwk: unknown): VerificationKey | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined;
  const { kid, kty, use, alg, key_ops: operations } = jwk as Record<string, unknown>;
  if (typeof kid !== 'string' || kid === '' || (kty !== 'EC' && kty !== 'RSA')) return undefined;
  if (use !== undefined && use !== 'sig') return undefined;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return undefined;
  try {
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    if (kty === 'RSA' && (key.asymmetricKeyDetails?.modulusLength ?? 0) < SMALLEST_RSA_BITS) return undefined;
    return { kid, key, ...(typeof alg === 'string' && { algorithm: alg }) };
  } catch {
    return undefined;
  }
}
