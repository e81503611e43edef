import { parsePart, splitCompactJws } from '../../protocol/compact-jws.js';
import type { SignatureAlgorithm } from '../validation.options.js';

/** The parts of a JOSE header that decide whether and how a token is verified. */
export interface JwtHeader {
  readonly kid: string;
  readonly algorithm: SignatureAlgorithm;
}

/**
 * Reads the header of an access token (RFC 9068 §2.1) before any key is looked for; a text says why it cannot be one. The other parts are left to
 * the verification.
 */
export function readJwtHeader(token: string, algorithms: readonly SignatureAlgorithm[]): JwtHeader | string {
  const jws = splitCompactJws(token);
  if (!jws) return 'neither a JWT nor a reference token, in the one spelling it has';
  const header = parsePart(jws.header);
  if (!header) return 'its header is no JSON';
  if (!isAccessTokenType(header['typ'])) return 'typ is not at+jwt';
  // RFC 7515 §4.1.11: what is critical must be understood, and no extension is.
  if (Object.hasOwn(header, 'crit')) return 'critical extension';
  const algorithm = algorithms.find((name) => name === header['alg']);
  if (!algorithm) return 'algorithm not accepted';
  if (typeof header['kid'] !== 'string') return 'names no key';
  return { kid: header['kid'], algorithm };
}

/** Whether `token` has the form of a JWT but does not say that it is an access token. */
export function isOtherJwt(token: string): boolean {
  const jws = splitCompactJws(token);
  return jws !== undefined && !isAccessTokenType(parsePart(jws.header)?.['typ']);
}

/** The key that a JWT names. Undefined: none, or it is no JWT. */
export function keyNamedBy(token: string): string | undefined {
  const jws = splitCompactJws(token);
  const kid = jws && parsePart(jws.header)?.['kid'];
  return typeof kid === 'string' ? kid : undefined;
}

// RFC 9068 §4, RFC 7515 §4.1.9: a media type, so case does not matter.
const isAccessTokenType = (typ: unknown): boolean => typeof typ === 'string' && /^(application\/)?at\+jwt$/i.test(typ);
