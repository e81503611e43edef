import { isCanonicalBase64url } from '../../protocol/base64url.js';
import { LONGEST_JWT } from '../../protocol/limits.js';
import type { SignatureAlgorithm } from '../validation.options.js';

/** The parts of a JOSE header that decide whether and how a token is verified. */
export interface JwtHeader {
  readonly kid: string;
  readonly algorithm: SignatureAlgorithm;
}

const COMPACT = /^([\w-]+)\.[\w-]+\.([\w-]+)$/;

/**
 * Reads the header of an access token (RFC 9068 §2.1) before any key is looked for; a text says why it cannot be one. The other parts are left to
 * the verification, but for a signature spelled otherwise than canonically: a token has one spelling only.
 */
export function readJwtHeader(token: string, algorithms: readonly SignatureAlgorithm[]): JwtHeader | string {
  if (token.length > LONGEST_JWT) return 'longer than any access token';
  const [, head, signature] = COMPACT.exec(token) ?? [];
  const header = head && readObject(head);
  if (!header || !signature) return 'neither a JWT nor a reference token';
  if (!isCanonicalBase64url(signature)) return 'signature not in canonical form';
  if (!isAccessTokenType(header.typ)) return 'typ is not at+jwt';
  // RFC 7515 §4.1.11: what is critical must be understood, and no extension is.
  if (Object.hasOwn(header, 'crit')) return 'critical extension';
  const algorithm = algorithms.find((name) => name === header.alg);
  if (!algorithm) return 'algorithm not accepted';
  if (typeof header.kid !== 'string') return 'names no key';
  return { kid: header.kid, algorithm };
}

/** Whether `token` has the form of a JWT but does not say that it is an access token. */
export function isOtherJwt(token: string): boolean {
  const [, head] = COMPACT.exec(token) ?? [];
  return head !== undefined && !isAccessTokenType(readObject(head)?.typ);
}

// RFC 9068 §4, RFC 7515 §4.1.9: a media type, so case does not matter.
const isAccessTokenType = (typ: unknown): boolean => typeof typ === 'string' && /^(application\/)?at\+jwt$/i.test(typ);

function readObject(part: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
