import { parsePart, splitCompactJws } from '../../protocol/compact-jws.js';

/** Seconds that a token of unknown lifetime is taken to live. */
const UNKNOWN_LIFETIME = 300;

/**
 * When an access token ends, in milliseconds since the epoch. `expires_in` is only recommended (RFC 6749 §5.1); without it, the token may say so itself
 * (RFC 9068 §2.2). Nothing else is taken from it: it is the API's to verify.
 */
export function tokenExpiry(accessToken: string, expiresIn: number | undefined, receivedAt: number): number {
  if (expiresIn !== undefined) return receivedAt + expiresIn * 1000;
  const exp = parsePart(splitCompactJws(accessToken)?.payload ?? '')?.['exp'];
  return typeof exp === 'number' ? exp * 1000 : receivedAt + UNKNOWN_LIFETIME * 1000;
}
