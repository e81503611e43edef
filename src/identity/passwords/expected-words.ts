/** Digits that stand for letters they resemble. */
const LETTERS = new Map(Object.entries({ o: '[o0]', i: '[i1]', l: '[l1]', e: '[e3]', a: '[a4]', s: '[s5]', t: '[t7]', b: '[b8]' }));

/**
 * Whether a text, normalised and in lower case, is one of these words or little more: other signs between, up to four digits before and after, digits in
 * place of letters. NIST SP 800-63B §5.1.1.2: the name of the service, the user name, and derivatives of them.
 */
export const isExpectedWord = (text: string, words: readonly string[]): boolean =>
  words
    .map((word) => compact(word.normalize('NFKC').toLowerCase()))
    .some((word) => word !== '' && (compact(text) === word || derivativesOf(word).test(compact(text))));

const derivativesOf = (word: string): RegExp =>
  new RegExp(`^\\d{0,4}${[...word].map((letter) => LETTERS.get(letter) ?? letter).join('')}\\d{0,4}$`, 'u');

/** Letters, marks and digits alone: none of them means anything to a regular expression. */
const compact = (text: string): string => text.replace(/[^\p{L}\p{M}\p{N}]/gu, '');
