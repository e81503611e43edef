import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { encodeEntryKey, type EntryKey } from './entry-key.js';
import type { ReferenceToken } from './token-string.js';

/** SHA-256 of a 256-bit secret, for storage. */
export const sha256 = (value: string | Buffer): Buffer => hash('sha256', value, 'buffer');

/**
 * What the database keeps of a reference token: SHA-256( type ‖ bucket ‖ authorization ‖ number ‖ identifier ).
 * Bound to its row, so a hash copied to another row proves nothing; 256 random bits need no salt.
 */
export const tokenHash = ({ key, identifier }: ReferenceToken): Buffer => sha256(Buffer.concat([presentedBytes(key), identifier]));

/** Compares in a time that does not depend on where they differ. Unequal lengths differ at once. */
export const constantTimeEqual = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

/**
 * 256 bits derived from a presented token under the derivation key K: the same presented token always yields the same bytes, and without K they
 * tell nothing. `purpose` and `parts` are length-prefixed, so that no two inputs run together.
 */
export function derive(derivationKey: Buffer, purpose: string, presented: ReferenceToken, parts: readonly string[] = []): Buffer {
  const prefixed = [purpose, ...parts].flatMap((part) => {
    const bytes = Buffer.from(part);
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  });
  const input = Buffer.concat([...prefixed, presentedBytes(presented.key), presented.identifier]);
  return createHmac('sha256', derivationKey).update(input).digest();
}

const presentedBytes = (key: EntryKey): Buffer => Buffer.concat([Buffer.of(key.type), encodeEntryKey(key)]);
