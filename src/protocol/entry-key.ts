import { isCanonicalBase64url } from './base64url.js';
import { DAY_MS } from './limits.js';
import { formatUuid, writeUuid } from './uuid.js';

/** Kinds of token entries, as stored in `token_entry.type`. 2 and 5 are left free: device codes and pushed requests have tables of their own. */
export const EntryType = { authorizationCode: 1, refreshToken: 3, accessToken: 4 } as const;
export type EntryType = (typeof EntryType)[keyof typeof EntryType];

/** Where a token's row lives: the primary key of `token_entry`. */
export interface EntryKey {
  /** Days since the epoch of the expiry: the partition. */
  readonly bucket: number;
  /** UUID of the grant it belongs to, lower case. */
  readonly authorizationId: string;
  readonly type: EntryType;
  /** Links (codes, refresh tokens): the generation. Access tokens: 63 bits, random or derived. */
  readonly number: bigint;
}

/** Bytes of bucket ‖ authorization ‖ number: what a `jti` and a reference string carry. */
export const ENTRY_KEY_BYTES = 28;

const HIGHEST_NUMBER = (1n << 63n) - 1n; // Postgres bigint is signed
const JTI_LENGTH = 38;

export const bucketOf = (expiresAt: Date): number => Math.floor(expiresAt.getTime() / DAY_MS);

/** The first moment that no longer belongs to the bucket. */
export const bucketEnd = (bucket: number): Date => new Date((bucket + 1) * DAY_MS);

export function encodeEntryKey(key: EntryKey): Buffer {
  const bytes = Buffer.allocUnsafe(ENTRY_KEY_BYTES);
  writeEntryKey(key, bytes, 0);
  return bytes;
}

/** Writes the bytes of the key at an offset. */
export function writeEntryKey(key: EntryKey, bytes: Buffer, offset: number): void {
  bytes.writeUInt32BE(key.bucket, offset);
  writeUuid(key.authorizationId, bytes, offset + 4);
  bytes.writeBigUInt64BE(key.number, offset + 20);
}

/** `undefined` when the bucket or the number cannot be stored. */
export function decodeEntryKey(bytes: Buffer, type: EntryType): EntryKey | undefined {
  const bucket = bytes.readUInt32BE(0);
  const number = bytes.readBigUInt64BE(20);
  if (bucket > 0x7fffffff || number > HIGHEST_NUMBER) return undefined;
  return { bucket, authorizationId: formatUuid(bytes.subarray(4, 20)), type, number };
}

/** The `jti` of a signed access token: base64url of its entry key. */
export const formatTokenId = (key: EntryKey): string => encodeEntryKey(key).toString('base64url');

/** Reads a `jti` back. `undefined` when it is none of ours; other spellings of the same bytes are refused. */
export function parseTokenId(jti: string): EntryKey | undefined {
  if (jti.length !== JTI_LENGTH || !isCanonicalBase64url(jti)) return undefined;
  return decodeEntryKey(Buffer.from(jti, 'base64url'), EntryType.accessToken);
}
