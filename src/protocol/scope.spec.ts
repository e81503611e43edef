import fc from 'fast-check';
import { formatScope, isSameSet, isSubset, parseScope } from './scope.js';

const TOKEN_CHARACTERS = Array.from({ length: 0x5e }, (_, index) => String.fromCharCode(0x21 + index)).filter(
  (c) => c !== '"' && c !== '\\',
);
const scopeToken = fc.array(fc.constantFrom(...TOKEN_CHARACTERS), { minLength: 1, maxLength: 8 }).map((characters) => characters.join(''));

describe('The scope parameter (RFC 6749 §3.3)', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.uniqueArray(scopeToken, { minLength: 1 }), (scopes) => expect(parseScope(formatScope(scopes))).toEqual(scopes)),
    );
  });

  it('keeps the order and drops repetitions', () => expect(parseScope('b a b c a')).toEqual(['b', 'a', 'c']));

  it('takes every character the grammar has, and no other', () => {
    for (let code = 0; code < 0x180; code++) {
      const character = String.fromCharCode(code);
      expect([code, parseScope(character)]).toEqual([code, TOKEN_CHARACTERS.includes(character) ? [character] : undefined]);
    }
  });

  it.each([
    ['nothing', ''],
    ['a space', ' '],
    ['a space in front', ' a'],
    ['a space at the end', 'a '],
    ['two spaces', 'a  b'],
    ['a tab', 'a\tb'],
    ['a line break', 'a\nb'],
    ['a trailing line break', 'a\n'],
    ['a quotation mark', 'a"b'],
    ['a backslash', 'a\\b'],
    ['a NUL', 'a\0'],
    ['a letter beyond ASCII', 'é'],
    ['a no-break space', 'a\u00a0b'],
    ['a lone surrogate', '\ud800'],
  ])('refuses %s', (_, scope) => expect(parseScope(scope)).toBeUndefined());
});

describe('Sets of scopes', () => {
  const set = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'));

  it('are subsets of each other when they hold the same', () => {
    fc.assert(
      fc.property(set, set, (one, other) => {
        const sorted = (scopes: string[]) => [...scopes].sort();
        expect(isSameSet(one, other)).toBe(JSON.stringify(sorted(one)) === JSON.stringify(sorted(other)));
        expect(isSubset(one, other) && isSubset(other, one)).toBe(isSameSet(one, other));
        expect(isSubset(one, [...one, ...other])).toBe(true);
      }),
    );
  });

  it('hold none when nothing was asked', () => {
    expect(isSubset([], [])).toBe(true);
    expect(isSubset(['a'], [])).toBe(false);
    expect(isSubset(['a'], ['A'])).toBe(false);
  });
});
