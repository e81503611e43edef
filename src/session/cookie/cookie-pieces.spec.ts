import fc from 'fast-check';
import { cutIntoPieces, joinPieces, piecesPresent, type CookiePiece } from './cookie-pieces.js';

const NAME = '__Host-Http-session';
const ATTRIBUTES = '; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=28800';

const cut = (value: string): readonly CookiePiece[] => {
  const pieces = cutIntoPieces(NAME, value, ATTRIBUTES.length);
  if (!pieces) throw new Error('It does not fit.');
  return pieces;
};
const sent = (...sets: (readonly CookiePiece[])[]) =>
  Object.fromEntries(sets.flatMap((pieces) => pieces.map(({ name, value }) => [name, value])));

/** As the sealed values are: base64url. */
const value = (length: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...'abcXYZ019-_'), { minLength: length, maxLength: length }).map((letters) => letters.join(''));
const anyValue = fc.nat(12_000).chain(value);

describe('The pieces of a cookie (session.md R5)', () => {
  it('are one value again, each line of a size that browsers take', () => {
    fc.assert(
      fc.property(anyValue, (text) => {
        const pieces = cut(text);
        expect(joinPieces(NAME, sent(pieces))).toBe(text);
        for (const piece of pieces) expect(`${piece.name}=${piece.value}${ATTRIBUTES}`.length).toBeLessThanOrEqual(4_096);
      }),
      { numRuns: 40 },
    );
  });

  it('are as few as can be, and refused where a browser could not send them', () => {
    expect([1, 3_900, 4_200, 8_200, 11_900].map((length) => cut('x'.repeat(length)).length)).toEqual([1, 1, 2, 3, 3]);
    expect(cutIntoPieces(NAME, 'x'.repeat(12_300), ATTRIBUTES.length)).toBeUndefined();
  });

  it.each([0, 1, 2])('are no value when piece %i of three is missing', (missing) => {
    const pieces = cut('x'.repeat(11_000));
    expect(joinPieces(NAME, sent(pieces.filter((_, index) => index !== missing)))).toBeUndefined();
  });

  it('are no value when they were not made together', () => {
    const [before, after] = [cut('a'.repeat(9_000)), cut('b'.repeat(9_000))];
    for (let n = 1; n < 3; n++) expect(joinPieces(NAME, sent(before.slice(0, n), after.slice(n)))).toBeUndefined();
  });

  it('are the new value though pieces of a longer one were left behind', () => {
    const [long, short] = [cut('a'.repeat(9_000)), cut('b'.repeat(10))];
    const cookies = sent(long, short);
    expect(joinPieces(NAME, cookies)).toBe('b'.repeat(10));
    expect(piecesPresent(NAME, { ...cookies, other: 'x' })).toEqual([NAME, `${NAME}-1`, `${NAME}-2`]);
  });

  it.each(['', 'x', '1', '1.abcd', '0.abcd.x', '4.abcd.x', '11.abcd.x', '1.abc.x', '1.abcd.x.y', '01.abcd.x', '1.ab d.x', '-1.abcd.x'])(
    'are none of %j',
    (text) => expect(joinPieces(NAME, { [NAME]: text })).toBeUndefined(),
  );
});
