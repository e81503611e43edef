import fc from 'fast-check';
import { normaliseEmail } from './email.js';

describe('normaliseEmail', () => {
  it.each([
    [' Ada@Example.TEST\n', 'ada@example.test'],
    ['ａｄａ＠example.test', 'ada@example.test'],
    ['jo\u0308rg@example.test', 'j\u00f6rg@example.test'],
    ['a+tag@sub.example.test', 'a+tag@sub.example.test'],
  ])('%j is %j', (raw, email) => expect(normaliseEmail(raw)).toBe(email));

  it.each([
    '',
    'ada',
    'ada@',
    '@example.test',
    'a da@example.test',
    'ada@example',
    'a\0@example.test',
    `${'a'.repeat(64)}@${'b'.repeat(190)}.test`,
    'a\u200bda@example.test',
    'ada\u202e@example.test',
    'ada@exa\u00admple.test',
    'a\u200dda@example.test',
    'a\ue000@example.test',
    'a\u0378@example.test',
    'a\u2028@example.test',
    'a\ud800@example.test',
    'a\u1160@example.test',
    'a\ufeff@example.test',
  ])('%j is none', (raw) => expect(normaliseEmail(raw)).toBeUndefined());

  it('has one spelling for all spellings of an address', () => {
    const part = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.tuple(part, part), ([local, host]) => {
        const email = normaliseEmail(`${local}@${host}.test`);
        if (email === undefined) return;
        for (const spelling of [email, ` ${email} `, email.normalize('NFD')]) expect(normaliseEmail(spelling)).toBe(email);
      }),
      { numRuns: 2000 },
    );
  });
});
