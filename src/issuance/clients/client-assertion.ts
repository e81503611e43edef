import { decodeJwt, decodeProtectedHeader } from 'jose';
import { splitCompactJws } from '../../protocol/compact-jws.js';
import { LONGEST } from './client-secrets.js';

/** RFC 7523 §2.2. */
export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** How an assertion may be signed: by a key pair of the client's, never `none`, never with a shared secret. */
export const ASSERTION_ALGORITHMS = [
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
  ...['PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'],
];

/** What a client assertion says of itself; nothing is proven yet. Times in seconds. */
export interface ClientAssertion {
  readonly text: string;
  /** `iss` and `sub`, which are one. RFC 7523 §3 */
  readonly client: string;
  /** Never empty. */
  readonly audience: readonly string[];
  readonly jti: string;
  readonly expiresAt: number;
  /** The later of `iat` and `nbf`, if it has either. */
  readonly validFrom: number | undefined;
}

/** RFC 8725 §3.11: what a client signs for another purpose (a request object, a proof of possession) is no assertion. */
const TYPES: readonly unknown[] = [undefined, 'jwt', 'client-authentication+jwt'];
/** How far a client's clock may be ahead of ours. */
const SKEW = 60;
/** Until `exp` its `jti` is remembered: whoever makes it last for years would make rows that last for years. */
const LONGEST_LIFE = 3_600;

/** Undefined: not of the form of a client assertion (RFC 7523 §3), or its claims contradict each other. */
export function readAssertion(text: string): ClientAssertion | undefined {
  const decoded = splitCompactJws(text) && decode(text);
  if (!decoded || !TYPES.includes(decoded.type)) return undefined;
  const { iss, sub, aud, exp, iat, nbf, jti } = decoded.claims;
  const audience = typeof aud === 'string' ? [aud] : aud;
  if (typeof sub !== 'string' || iss !== sub || sub === '' || sub.length > LONGEST || sub.includes('\0')) return undefined;
  if (!Array.isArray(audience) || audience.length === 0 || !audience.every((one) => typeof one === 'string')) return undefined;
  if (typeof jti !== 'string' || jti === '' || !isTime(exp)) return undefined;
  const starts = [iat, nbf].filter((one) => one !== undefined);
  if (!starts.every(isTime)) return undefined;
  const validFrom = starts.length > 0 ? Math.max(...starts) : undefined;
  return { text, client: sub, audience, jti, expiresAt: exp, validFrom };
}

/** Neither expired nor made for later. Expiry has no tolerance: the assertion is remembered until then. */
export function isCurrent({ expiresAt, validFrom = -Infinity }: ClientAssertion, now: Date): boolean {
  const seconds = now.getTime() / 1000;
  return seconds < expiresAt && expiresAt <= seconds + LONGEST_LIFE + SKEW && validFrom <= seconds + SKEW;
}

function decode(text: string): { readonly type: unknown; readonly claims: Readonly<Record<string, unknown>> } | undefined {
  try {
    const { typ } = decodeProtectedHeader(text);
    // RFC 7515 §4.1.9: a media type, in either case, with or without `application/`.
    const type = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : typ;
    return { type, claims: decodeJwt(text) };
  } catch {
    return undefined;
  }
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
