import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { ASSERTION_ALGORITHMS } from '../../issuance/clients/client-assertion.js';
import type { NewClient } from '../../storage/client.store.js';
import { isSecureAddress, shown, when } from './rules.js';

const SMALLEST_RSA_BITS = 2048; // RFC 7518 §3.3
/** What only the owner of a key may have. RFC 7518 §6.2.2, §6.3.2, §6.4; RFC 8037 §2 */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const ALGORITHMS_OF_CURVES: Readonly<Record<string, readonly string[]>> = {
  'EC P-256': ['ES256'],
  'EC P-384': ['ES384'],
  'EC P-521': ['ES512'],
  'OKP Ed25519': ['EdDSA', 'Ed25519'],
};

/** What is wrong with the keys a client authenticates by (RFC 7523, RFC 7591 §2). Nothing of a key is quoted. */
export function keyFaults({ authenticationMethod, jwks, jwksUri }: NewClient): string[] {
  if (authenticationMethod !== 'private_key_jwt') {
    const keys = jwks !== undefined || jwksUri !== undefined;
    return when(keys, '--jwks and --jwks-uri are for --method private_key_jwt: leave them out, or --unset them.');
  }
  return [
    ...when((jwks === undefined) === (jwksUri === undefined), '--method private_key_jwt needs exactly one of --jwks and --jwks-uri.'),
    ...when(
      jwksUri !== undefined && !isSecureAddress(jwksUri),
      `--jwks-uri ${shown(jwksUri ?? '')} must be https, or http on loopback, without user or fragment.`,
    ),
    ...(jwks === undefined ? [] : setFaults(jwks)),
  ];
}

function setFaults(jwks: object): string[] {
  const { keys } = jwks as { keys?: unknown };
  if (!Array.isArray(keys) || keys.length === 0) return ['--jwks must be a JWK set with at least one key (RFC 7517 §5).'];
  const names = new Set(keys.map((key) => (key as JsonWebKey | null)?.['kid']));
  const told = keys.every((key) => typeof (key as JsonWebKey | null)?.['kid'] === 'string') && names.size === keys.length;
  return [
    ...keys.flatMap((key, index) => {
      const fault = keyFault(key);
      return fault === undefined ? [] : [`--jwks: key ${index + 1} ${fault}`];
    }),
    // OpenID Connect Core §10.1: an assertion tells by kid which of several keys it is signed with.
    ...when(keys.length > 1 && !told, '--jwks: each of several keys needs a kid of its own.'),
  ];
}

function keyFault(key: unknown): string | undefined {
  if (typeof key !== 'object' || key === null || Array.isArray(key)) return 'is no JWK.';
  const jwk = key as JsonWebKey & { readonly kid?: unknown; readonly use?: unknown; readonly key_ops?: unknown; readonly alg?: unknown };
  if (PRIVATE_MEMBERS.some((member) => Object.hasOwn(jwk, member))) return 'holds a private part: register the public part alone.';
  const algorithms = jwk.kty === 'RSA' ? ASSERTION_ALGORITHMS.filter((name) => /^[RP]S/.test(name)) : curveAlgorithms(jwk);
  if (!algorithms) return 'is of a kind that is not taken: RSA, EC with P-256, P-384 or P-521, OKP with Ed25519.';
  if (jwk.alg !== undefined && !algorithms.includes(String(jwk.alg))) return `has an alg that does not fit: ${algorithms.join(', ')}.`;
  if (jwk.kid !== undefined && (typeof jwk.kid !== 'string' || jwk.kid === '')) return 'has a kid that is no text.';
  const verifies = jwk.key_ops === undefined || (Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify'));
  if ((jwk.use !== undefined && jwk.use !== 'sig') || !verifies) return 'is not for signatures: see its use and key_ops.';
  return materialFault(jwk);
}

const curveAlgorithms = ({ kty, crv }: JsonWebKey): readonly string[] | undefined => {
  const curve = `${String(kty)} ${String(crv)}`;
  return Object.hasOwn(ALGORITHMS_OF_CURVES, curve) ? ALGORITHMS_OF_CURVES[curve] : undefined;
};

function materialFault(jwk: JsonWebKey): string | undefined {
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: jwk, format: 'jwk' });
    const tooShort = jwk.kty === 'RSA' && (asymmetricKeyDetails?.modulusLength ?? 0) < SMALLEST_RSA_BITS;
    return tooShort ? `is shorter than ${SMALLEST_RSA_BITS} bits (RFC 7518 §3.3).` : undefined;
  } catch {
    return 'is broken.';
  }
}
