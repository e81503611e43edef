import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { EntryType, type EntryKey } from './entry-key.js';
import { constantTimeEqual, derive, sha256, tokenHash } from './hashing.js';
import type { ReferenceToken } from './token-string.js';

const key: fc.Arbitrary<EntryKey> = fc.record({
  bucket: fc.nat(3),
  authorizationId: fc.constantFrom('0190f6a5-7c3e-7d5b-8f00-0123456789ab', '0190f6a5-7c3e-7d5b-8f00-0123456789ac'),
  type: fc.constantFrom(...Object.values(EntryType)),
  number: fc.bigInt({ min: 0n, max: 3n }),
});
const token: fc.Arbitrary<ReferenceToken> = fc.record({ key, identifier: fc.constantFrom(Buffer.alloc(32, 1), Buffer.alloc(32, 2)) });
const plain = ({ key: { bucket, authorizationId, type, number }, identifier }: ReferenceToken): string =>
  JSON.stringify([bucket, authorizationId, type, String(number), identifier.toString('hex')]);

describe('The stored hash', () => {
  it('is SHA-256 of type ‖ bucket ‖ authorization ‖ number ‖ identifier', () => {
    const one: ReferenceToken = {
      key: { bucket: 20_000, authorizationId: '0190f6a5-7c3e-7d5b-8f00-0123456789ab', type: EntryType.refreshToken, number: 7n },
      identifier: Buffer.alloc(32, 0x5a),
    };
    const input = Buffer.from(`03${'00004e20'}${'0190f6a57c3e7d5b8f000123456789ab'}${'0000000000000007'}${'5a'.repeat(32)}`, 'hex');
    expect(tokenHash(one)).toEqual(createHash('sha256').update(input).digest());
  });

  it('is bound to every part of the token', () => {
    fc.assert(
      fc.property(token, token, (one, other) => expect(tokenHash(one).equals(tokenHash(other))).toBe(plain(one) === plain(other))),
      { numRuns: 500 },
    );
  });
});

describe('Derivation', () => {
  const K = Buffer.alloc(32, 7);
  const given: ReferenceToken = {
    key: { bucket: 1, authorizationId: '0190f6a5-7c3e-7d5b-8f00-0123456789ab', type: EntryType.refreshToken, number: 0n },
    identifier: Buffer.alloc(32, 9),
  };

  it('gives the same 512 bits for the same token, others under another key', () => {
    expect(derive(K, 'a', given)).toEqual(derive(K, 'a', given));
    expect(derive(K, 'a', given)).toHaveLength(64);
    expect(derive(K, 'a', given).equals(derive(Buffer.alloc(32, 8), 'a', given))).toBe(false);
  });

  it('gives others for every other token, purpose and list of parts', () => {
    const input = fc.tuple(
      fc.constantFrom('a', 'b', 'ab'),
      token,
      fc.array(fc.constantFrom('', 'a', 'b', 'ab', 'é', '\0'), { maxLength: 3 }),
    );
    fc.assert(
      fc.property(input, input, ([purpose, one, parts], [otherPurpose, other, otherParts]) => {
        const same = purpose === otherPurpose && plain(one) === plain(other) && JSON.stringify(parts) === JSON.stringify(otherParts);
        expect(derive(K, purpose, one, parts).equals(derive(K, otherPurpose, other, otherParts))).toBe(same);
      }),
      { numRuns: 2_000 },
    );
  });

  it('does not let purpose and parts run together', () => {
    const inputs: [string, string[]][] = [
      ['ab', []],
      ['a', ['b']],
      ['', ['ab']],
      ['a', ['', 'b']],
      ['a', ['b', '']],
    ];
    expect(new Set(inputs.map(([purpose, parts]) => derive(K, purpose, given, parts).toString('hex'))).size).toBe(inputs.length);
  });
});

describe('Comparison', () => {
  it('tells equal from unequal, of any length', () => {
    const short = fc.uint8Array({ maxLength: 4, max: 1 }).map((raw) => Buffer.from(raw));
    fc.assert(
      fc.property(short, short, (a, b) => expect(constantTimeEqual(a, b)).toBe(a.equals(b))),
      { numRuns: 500 },
    );
  });
});

describe('sha256', () => {
  it('is that of FIPS 180-4', () => {
    expect(sha256('abc').toString('hex')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sha256(Buffer.from('abc'))).toEqual(sha256('abc'));
  });
});
