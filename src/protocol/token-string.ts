import { randomBytes } from './random-bytes.js';
import { decodeEntryKey, ENTRY_KEY_BYTES, EntryType, writeEntryKey, type EntryKey } from './entry-key.js';

/** A reference token, taken apart: where its row lives, and the 256 bits that prove possession. */
export interface ReferenceToken {
  readonly key: EntryKey;
  readonly identifier: Buffer;
}

export const IDENTIFIER_BYTES = 32;

/** The prefixes make leaked tokens findable by secret scanners. */
const PREFIX: Record<EntryType, string> = {
  [EntryType.authorizationCode]: 'cs_ac_',
  [EntryType.refreshToken]: 'cs_rt_',
  [EntryType.accessToken]: 'cs_at_',
};
const TYPES = Object.values(EntryType);
const PREFIX_LENGTH = 6;
const BODY_LENGTH = ((ENTRY_KEY_BYTES + IDENTIFIER_BYTES) / 3) * 4; // 60 bytes: 80 characters, no spare bits
const BODY = new RegExp(`^[A-Za-z0-9_-]{${BODY_LENGTH}}$`);

export const newIdentifier = (): Buffer => randomBytes(IDENTIFIER_BYTES);

/** A random entry number for an access token: 63 bits, never 0. */
export const newAccessNumber = (): bigint => toAccessNumber(randomBytes(8));

/** 63 bits of the first 8 bytes, never 0. */
export function toAccessNumber(bytes: Buffer): bigint {
  const number = bytes.readBigUInt64BE(0) >> 1n;
  return number === 0n ? 1n : number;
}

/** Bytes of type ‖ entry key, with which those of a token begin. */
export const PLACE_BYTES = 1 + ENTRY_KEY_BYTES;

/** type ‖ bucket ‖ authorization ‖ number ‖ identifier: what is hashed of a token, and what others are derived from. */
export function tokenBytes({ key, identifier }: ReferenceToken): Buffer {
  const bytes = Buffer.allocUnsafe(PLACE_BYTES + IDENTIFIER_BYTES);
  bytes[0] = key.type;
  writeEntryKey(key, bytes, 1);
  bytes.set(identifier, PLACE_BYTES);
  return bytes;
}

/** prefix + base64url( bucket u32 ‖ authorization 16 ‖ number u64 ‖ identifier 32 ): 86 characters. */
export const formatToken = (token: ReferenceToken): string => PREFIX[token.key.type] + tokenBytes(token).toString('base64url', 1);

/**
 * Takes a reference token apart; `undefined` for anything that is not exactly of our form. Says nothing about whether it was ever issued.
 * The body has no spare bits, so that a token has one spelling only.
 */
export function parseToken(token: string): ReferenceToken | undefined {
  const type = TYPES.find((candidate) => token.startsWith(PREFIX[candidate]));
  if (type === undefined || !BODY.test(token.slice(PREFIX_LENGTH))) return undefined;
  const bytes = Buffer.from(token.slice(PREFIX_LENGTH), 'base64url');
  const key = decodeEntryKey(bytes.subarray(0, ENTRY_KEY_BYTES), type);
  return key && { key, identifier: bytes.subarray(ENTRY_KEY_BYTES) };
}
