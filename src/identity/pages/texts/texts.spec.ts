import { de } from './de.js';
import { en } from './en.js';
import { textFaults } from './texts.js';

const placeholders = (text: string): string[] => [...text.matchAll(/\{[a-z]+\}/g)].map(([placeholder]) => placeholder).sort();

describe('the texts', () => {
  it('fill in the same in every language, and no text is empty', () => {
    expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort());
    for (const [key, text] of Object.entries(en)) {
      expect([key, placeholders(de[key as keyof typeof en])]).toEqual([key, placeholders(text)]);
      expect(text.trim().length * de[key as keyof typeof en].trim().length).toBeGreaterThan(0);
    }
  });
});

describe("an operator's own texts", () => {
  it('may replace every one of ours, and speak of scopes of the service', () => {
    expect(textFaults({ en, de: { ...de, 'scope.todos:read': 'Aufgaben lesen', 'sign-in.lead': 'bei uns' } })).toEqual([]);
    expect(textFaults({})).toEqual([]);
  });

  it.each([
    [[], /must be an object of languages/],
    [{ fr: {} }, /no pages in "fr", only in en, de/],
    [{ en: 'Hello' }, /en must be an object of texts/],
    [{ en: { 'sign-in.titel': 'Hello' } }, /"sign-in.titel" of en is none of the texts/],
    [{ de: { 'sign-in.title': '' } }, /"sign-in.title" of de must be a text/],
    [{ de: { 'sign-in.title': 1 } }, /"sign-in.title" of de must be a text/],
    [{ en: { 'sign-in.lead': 'to {application}' } }, /"sign-in.lead" of en has no {application} to fill in/],
    [{ en: { toString: 'x' } }, /none of the texts/],
  ])('%j is refused', (texts, fault) => expect(textFaults(texts)).toEqual([expect.stringMatching(fault)]));

  it('names every fault at once', () => expect(textFaults({ fr: {}, en: { a: 'x', b: 'y' } })).toHaveLength(3));
});
