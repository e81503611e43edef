import fc from 'fast-check';
import {
  bucketEnd,
  bucketOf,
  decodeEntryKey,
  encodeEntryKey,
  ENTRY_KEY_BYTES,
  EntryType,
  formatTokenId,
  parseTokenId,
} from './entry-key.js';
import { formatUuid } from './uuid.js';

const key = fc.record({
  bucket: fc.nat(0x7fffffff),
  authorizationId: fc.uuid(),
  type: fc.constant(EntryType.accessToken),
  number: fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }),
});
const ID = formatTokenId({
  bucket: 20_000,
  authorizationId: '0190f6a5-7c3e-7d5b-8f00-0123456789ab',
  type: EntryType.accessToken,
  number: 7n,
});

describe('The entry key', () => {
  it('is read back from its 28 bytes', () => {
    fc.assert(
      fc.property(key, (one) => {
        const bytes = encodeEntryKey(one);
        expect(bytes).toHaveLength(ENTRY_KEY_BYTES);
        expect(decodeEntryKey(bytes, one.type)).toEqual(one);
      }),
    );
  });

  it('has bytes of its own for every key', () => {
    fc.assert(
      fc.property(key, key, (one, other) => {
        const same = one.bucket === other.bucket && one.authorizationId === other.authorizationId && one.number === other.number;
        expect(encodeEntryKey(one).equals(encodeEntryKey(other))).toBe(same);
      }),
    );
  });

  it('cannot be encoded outside what a row can have', () => {
    const good = { bucket: 1, authorizationId: '0190f6a5-7c3e-7d5b-8f00-0123456789ab', type: EntryType.accessToken, number: 1n };
    expect(() => encodeEntryKey({ ...good, bucket: -1 })).toThrow(/out of range/);
    expect(() => encodeEntryKey({ ...good, bucket: 2 ** 32 })).toThrow(/out of range/);
    expect(() => encodeEntryKey({ ...good, number: -1n })).toThrow(/out of range/);
    expect(() => encodeEntryKey({ ...good, number: 1n << 64n })).toThrow(/out of range/);
  });

  it.each([
    ['a bucket above 2³¹ - 1', 0, '80000000'],
    ['a number above 2⁶³ - 1', 20, '8000000000000000'],
  ])('is not read with %s', (_, offset, hex) => {
    const bytes = Buffer.from(ID, 'base64url');
    bytes.write(hex, offset, 'hex');
    expect(decodeEntryKey(bytes, EntryType.accessToken)).toBeUndefined();
    expect(parseTokenId(bytes.toString('base64url'))).toBeUndefined();
  });
});

describe('The token id (jti)', () => {
  it('is read back, 38 characters', () => {
    fc.assert(
      fc.property(key, (one) => {
        const id = formatTokenId(one);
        expect(id).toMatch(/^[A-Za-z0-9_-]{38}$/);
        expect(parseTokenId(id)).toEqual(one);
      }),
    );
  });

  it('has one spelling only', () => {
    // 28 bytes leave the last character four spare bits, which must be 0: fifteen of its sixteen spellings are refused.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const spellings = [...alphabet].map((last) => ID.slice(0, -1) + last).filter((id) => parseTokenId(id) !== undefined);
    expect(spellings).toHaveLength(4);
    expect(spellings.map((id) => formatTokenId(parseTokenId(id) as NonNullable<ReturnType<typeof parseTokenId>>))).toEqual(spellings);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.string({ minLength: 38, maxLength: 38 })), (text) => {
        const parsed = parseTokenId(text);
        if (parsed) expect(formatTokenId(parsed)).toBe(text);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['a character too few', ID.slice(0, -1)],
    ['a character too many', `${ID}A`],
    ['padding', `${ID}==`],
    ['padding within the length', `${ID.slice(0, -2)}==`],
    ['a + of the other alphabet', `+${ID.slice(1)}`],
    ['a / of the other alphabet', `${ID.slice(0, -2)}/A`],
    ['a space', `${ID.slice(0, -1)} `],
    ['a line break', `${ID.slice(0, 10)}\n${ID.slice(11)}`],
    ['a UUID', '0190f6a5-7c3e-7d5b-8f00-0123456789ab'],
    ['a character beyond ASCII', `é${ID.slice(1)}`],
  ])('refuses %s', (_, id) => expect(parseTokenId(id)).toBeUndefined());
});

describe('The bucket', () => {
  it('is the day of the expiry, in UTC', () => {
    expect(bucketOf(new Date('1970-01-01T23:59:59.999Z'))).toBe(0);
    expect(bucketOf(new Date('1970-01-02T00:00:00Z'))).toBe(1);
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true }), (date) => {
        const bucket = bucketOf(date);
        expect(bucketEnd(bucket) > date && bucketEnd(bucket - 1) <= date).toBe(true);
      }),
    );
  });
});

describe('formatUuid', () => {
  it('writes 16 bytes in the canonical form', () => {
    expect(formatUuid(Buffer.from('0190f6a57c3e7d5b8f000123456789ab', 'hex'))).toBe('0190f6a5-7c3e-7d5b-8f00-0123456789ab');
  });
});
