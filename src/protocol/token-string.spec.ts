import fc from 'fast-check';
import { EntryType, type EntryKey } from './entry-key.js';
import {
  formatToken,
  IDENTIFIER_BYTES,
  newAccessNumber,
  newIdentifier,
  parseToken,
  toAccessNumber,
  type ReferenceToken,
} from './token-string.js';

const key: fc.Arbitrary<EntryKey> = fc.record({
  bucket: fc.nat(0x7fffffff),
  authorizationId: fc.uuid(),
  type: fc.constantFrom(...Object.values(EntryType)),
  number: fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }),
});
const token: fc.Arbitrary<ReferenceToken> = fc.record({
  key,
  identifier: fc.uint8Array({ minLength: IDENTIFIER_BYTES, maxLength: IDENTIFIER_BYTES }).map((bytes) => Buffer.from(bytes)),
});

const GENUINE: ReferenceToken = {
  key: { bucket: 20_000, authorizationId: '0190f6a5-7c3e-7d5b-8f00-0123456789ab', type: EntryType.refreshToken, number: 7n },
  identifier: Buffer.alloc(IDENTIFIER_BYTES, 0x5a),
};
const genuine = formatToken(GENUINE);
const body = genuine.slice(6);
const ofBytes = (bytes: Buffer, prefix = 'cs_rt_'): string => prefix + bytes.toString('base64url');
const bytes = (): Buffer => Buffer.from(body, 'base64url');

describe('The token string', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(token, (one) => {
        const text = formatToken(one);
        expect(text).toMatch(/^cs_(at|rt|ac)_[A-Za-z0-9_-]{80}$/);
        expect(parseToken(text)).toEqual(one);
      }),
    );
  });

  it.each([
    [EntryType.authorizationCode, 'cs_ac_'],
    [EntryType.refreshToken, 'cs_rt_'],
    [EntryType.accessToken, 'cs_at_'],
  ])('tells type %d by its prefix, for secret scanners too', (type, prefix) => {
    const text = formatToken({ ...GENUINE, key: { ...GENUINE.key, type } });
    expect(text.startsWith(prefix)).toBe(true);
    expect(parseToken(text)?.key.type).toBe(type);
  });

  it('holds bucket, authorization, number and identifier at fixed places', () => {
    const raw = bytes();
    expect(raw).toHaveLength(60);
    expect(raw.readUInt32BE(0)).toBe(20_000);
    expect(raw.subarray(4, 20).toString('hex')).toBe('0190f6a57c3e7d5b8f000123456789ab');
    expect(raw.readBigUInt64BE(20)).toBe(7n);
    expect(raw.subarray(28)).toEqual(GENUINE.identifier);
  });

  it('has one spelling only: whatever parses is written the same way again', () => {
    const near = fc
      .tuple(token, fc.nat(85), fc.string({ minLength: 1, maxLength: 1, unit: 'binary-ascii' }))
      .map(([one, at, character]) => {
        const text = formatToken(one);
        return text.slice(0, at) + character + text.slice(at + 1);
      });
    fc.assert(
      fc.property(fc.oneof(near, fc.string(), fc.string({ unit: 'grapheme' })), (text) => {
        const parsed = parseToken(text);
        if (parsed) expect(formatToken(parsed)).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  const high = (offset: number, write: (raw: Buffer) => void): string => {
    const raw = bytes();
    write(raw.subarray(offset));
    return ofBytes(raw);
  };
  const malformed: [name: string, token: string][] = [
    ['nothing', ''],
    ['the prefix alone', 'cs_rt_'],
    ['no prefix', body],
    ['a prefix in capitals', `CS_RT_${body}`],
    ['the prefix of a client secret', `cs_cs_${body}`],
    ['the prefix of a device code', `cs_dc_${body}`],
    ['an unknown prefix', `cs_xx_${body}`],
    ['a prefix without its underscore', `cs_rt${body}`],
    ['the prefix twice', `cs_rt_${genuine}`],
    ['another prefix before it', `cs_at_${genuine}`],
    ['a character too few', genuine.slice(0, -1)],
    ['a character too few in front', `cs_rt_${body.slice(1)}`],
    ['four characters too few: whole bytes missing', genuine.slice(0, -4)],
    ['a character too many', `${genuine}A`],
    ['four characters too many: whole bytes more', `${genuine}AAAA`],
    ['padding', `${genuine}=`],
    ['padding in place of the last character', `${genuine.slice(0, -1)}=`],
    ['padding in place of the last two', `${genuine.slice(0, -2)}==`],
    ['a + of the other alphabet', `cs_rt_+${body.slice(1)}`],
    ['a / of the other alphabet', `cs_rt_${body.slice(0, -1)}/`],
    ['a space in front', ` ${genuine}`],
    ['a space at the end', `${genuine} `],
    ['a space in place of a character', `cs_rt_${body.slice(0, 40)} ${body.slice(41)}`],
    ['a line break at the end', `${genuine}\n`],
    ['a line break in the middle', `cs_rt_${body.slice(0, 40)}\n${body.slice(40)}`],
    ['a NUL at the end', `${genuine}\0`],
    ['a dot', `cs_rt_${body.slice(0, 40)}.${body.slice(41)}`],
    ['a character beyond ASCII', `cs_rt_${body.slice(0, 40)}é${body.slice(41)}`],
    ['full-width letters', `cs_rt_${body.replace('A', 'Ａ')}`],
    ['two tokens', genuine + genuine],
    ['a bucket of 2³¹', high(0, (raw) => raw.writeUInt32BE(0x8000_0000))],
    ['a bucket of 2³² - 1', high(0, (raw) => raw.writeUInt32BE(0xffff_ffff))],
    ['a number of 2⁶³', high(20, (raw) => raw.writeBigUInt64BE(1n << 63n))],
    ['a number of 2⁶⁴ - 1', high(20, (raw) => raw.writeBigUInt64BE((1n << 64n) - 1n))],
  ];
  it.each(malformed)('refuses %s', (_, text) => expect(parseToken(text)).toBeUndefined());

  it('reads the highest bucket and number a row can have', () => {
    const highest = { ...GENUINE, key: { ...GENUINE.key, bucket: 0x7fffffff, number: (1n << 63n) - 1n } };
    expect(parseToken(formatToken(highest))).toEqual(highest);
  });

  it('takes the type from the prefix: the same bytes under another one are another token', () => {
    expect(parseToken(`cs_at_${body}`)).toEqual({ ...GENUINE, key: { ...GENUINE.key, type: EntryType.accessToken } });
  });
});

describe('Identifiers and numbers', () => {
  it('are 256 bits, never the same', () => {
    const drawn = Array.from({ length: 1_000 }, () => newIdentifier().toString('hex'));
    expect(new Set(drawn).size).toBe(1_000);
    expect(drawn.every((hex) => hex.length === 64)).toBe(true);
  });

  it('are 63 bits, never 0, from any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 40 }), (raw) => {
        const number = toAccessNumber(Buffer.from(raw));
        expect(number > 0n && number < 1n << 63n).toBe(true);
      }),
    );
    expect(toAccessNumber(Buffer.alloc(8))).toBe(1n);
    expect(toAccessNumber(Buffer.from('0000000000000001', 'hex'))).toBe(1n);
    expect(toAccessNumber(Buffer.alloc(8, 0xff))).toBe((1n << 63n) - 1n);
    expect(new Set(Array.from({ length: 1_000 }, newAccessNumber)).size).toBe(1_000);
  });
});
