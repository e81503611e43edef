import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { tokenBytes, type ReferenceToken } from './token-string.js';

/** SHA-256 of a 256-bit secret, for storage. By way of a string: bytes that come out of the library have memory of their own, which is dearer. */
export const sha256 = (value: string | Buffer): Buffer => Buffer.from(hash('sha256', value, 'binary'), 'binary');

/**
 * What the database keeps of a reference token: SHA-256( type ‖ bucket ‖ authorization ‖ number ‖ identifier ).
 * Bound to its row, so a hash copied to another row proves nothing; 256 random bits need no salt.
 */
export const tokenHash = (token: ReferenceToken): Buffer => sha256(tokenBytes(token));

/** Compares in a time that does not depend on where they differ. Unequal lengths differ at once. */
export const constantTimeEqual = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

/**
 * 512 bits derived from a presented token under the derivation key K, by HMAC-SHA-512 (RFC 2104): the same presented token always yields the same
 * bytes, and without K they tell nothing. `purpose` and `parts` are length-prefixed, so that no two inputs run together.
 */
export function derive(derivationKey: Buffer, purpose: string, presented: ReferenceToken, parts: readonly string[] = []): Buffer {
  const hmac = createHmac('sha512', derivationKey).update(lengthPrefixed(purpose));
  for (const part of parts) hmac.update(lengthPrefixed(part));
  return Buffer.from(hmac.update(tokenBytes(presented)).digest('binary'), 'binary');
}

function lengthPrefixed(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(4 + Buffer.byteLength(text));
  bytes.writeUInt32BE(bytes.length - 4);
  bytes.write(text, 4);
  return bytes;
}
