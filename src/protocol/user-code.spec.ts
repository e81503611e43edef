import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { newUserCode, parseUserCode, USER_CODE_LETTERS, userCodeHash } from './user-code.js';

const letter = fc.constantFrom(...USER_CODE_LETTERS);
const code = fc.array(letter, { minLength: 8, maxLength: 8 }).map((letters) => letters.join(''));
const shownOf = (letters: string) => `${letters.slice(0, 4)}-${letters.slice(4)}`;

describe('A user code (RFC 8628 §6.1)', () => {
  it('is two times four letters of an alphabet of twenty, without vowels', () => {
    expect(new Set(USER_CODE_LETTERS).size).toBe(20);
    expect(USER_CODE_LETTERS).not.toMatch(/[^A-Z]|[AEIOUY]/);
    for (let n = 0; n < 1_000; n++) expect(newUserCode()).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
  });

  it('takes each letter as it is drawn, from the whole alphabet', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(19), { minLength: 8, maxLength: 8 }), (numbers) => {
        const left = [...numbers];
        const below: number[] = [];
        const drawn = newUserCode((limit) => (below.push(limit), left.shift() ?? 0));
        expect(drawn).toBe(shownOf(numbers.map((number) => USER_CODE_LETTERS[number]).join('')));
        expect(below).toEqual(Array(8).fill(20));
      }),
    );
  });

  it('has every letter at every place equally often', () => {
    const rounds = 40_000;
    const counts = new Map<string, number>();
    for (let n = 0; n < rounds; n++) {
      [...newUserCode().replace('-', '')].forEach((one, place) => counts.set(one + place, (counts.get(one + place) ?? 0) + 1));
    }
    const expected = rounds / 20;
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(counts.size).toBe(160);
    // 152 degrees of freedom: beyond 300 once in 10¹¹ runs. Letters taken from bytes modulo 20 come to about 310 more.
    expect(chiSquare).toBeLessThan(300);
  });

  it('is read in any case, with blanks and dashes of any kind anywhere', () => {
    const between = fc.array(fc.constantFrom('-', ' ', '\t', '\u00a0', '\u2010', '\u2013', '\u2014', '\uff0d', '\u3000'), { maxLength: 3 });
    const entry = code.chain((letters) =>
      fc.tuple(fc.constant(letters), fc.array(fc.tuple(fc.boolean(), between), { minLength: 9, maxLength: 9 })),
    );
    fc.assert(
      fc.property(entry, ([letters, around]) => {
        const typed = around
          .map(([small, gap], at) => gap.join('') + (small ? letters.charAt(at).toLowerCase() : letters.charAt(at)))
          .join('');
        expect(parseUserCode(typed)).toBe(shownOf(letters));
      }),
    );
  });

  it('is read back as it was drawn', () => {
    for (let n = 0; n < 100; n++) {
      const drawn = newUserCode();
      expect(parseUserCode(drawn)).toBe(drawn);
    }
  });

  it.each([
    ['nothing', ''],
    ['dashes alone', '--------'],
    ['a letter too few', 'BCDF-GHJ'],
    ['a letter too many', 'BCDF-GHJKL'],
    ['a vowel', 'BCDF-GHJA'],
    ['a Y', 'BCDF-GHJY'],
    ['a digit', 'BCDF-GHJ1'],
    ['a letter of which a sharp s is two', 'BCDF-GHß'],
    ['the Kelvin sign', 'BCDF-GHJ\u212a'],
    ['the long s', 'BCDF-GHJ\u017f'],
    ['full-width letters', 'ＢＣＤＦＧＨＪＫ'],
    ['a dot between', 'BCDF.GHJK'],
    ['an underscore between', 'BCDF_GHJK'],
    ['a NUL', 'BCDF-GHJK\0'],
    ['a combining accent', 'BCDF-GHJK\u0301'],
    ['two codes', 'BCDF-GHJK BCDF-GHJK'],
    ['blanks without end', `BCDF${' '.repeat(100)}GHJK`],
    ['SQL', "BCDF-GHJK' or"],
  ])('is not read from %s', (_, entry) => expect(parseUserCode(entry)).toBeUndefined());

  it('is read from nothing else: whatever is read has the form', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'grapheme' })), (entry) => {
        expect(parseUserCode(entry) ?? 'BBBB-BBBB').toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
      }),
    );
  });

  it('is kept under a key: the same one alike, under another key or of another code differently', () => {
    const key = randomBytes(32);
    const [one, other] = [parseUserCode('BCDF-GHJK'), parseUserCode('BCDF-GHJL')];
    if (!one || !other) throw new Error('these are codes');
    expect(userCodeHash(key, one)).toHaveLength(32);
    expect(userCodeHash(key, one)).toEqual(userCodeHash(key, one));
    expect(userCodeHash(key, one)).not.toEqual(userCodeHash(key, other));
    expect(userCodeHash(key, one)).not.toEqual(userCodeHash(randomBytes(32), one));
  });
});
