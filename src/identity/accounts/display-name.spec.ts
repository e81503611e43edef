import { isDisplayName, normaliseDisplayName } from './display-name.js';

describe('display names', () => {
  it.each([
    'Ada Lovelace',
    'Jo\u0308rg',
    '\u00e9\u4e9c\u{e0100}', // with a variation selector, as names on Japanese papers have
    '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645', // Persian, with a non-joiner
    '\u0d05\u0d35\u0d28\u0d4d\u200d', // Malayalam, ends with a joiner
    'Ada \u{1f469}\u{1f3fd}\u200d\u{1f4bb}',
    '\u2764\ufe0f\u200d\u{1f525}',
    '\u3000Ada\ufeff',
    'x'.repeat(100),
    ...['', ' ', '\u00a0\t\n'],
  ])('%j is accepted', (name) => expect(isDisplayName(name)).toBe(true));

  it.each([
    ...['\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069', '\u200e', '\u200f', '\u061c'],
    ...['\u200b', '\u200c', '\u200d', '\u2060', '\u00ad', '\ufeff', '\u{e0041}'],
    ...['\0', '\x1b', '\x85', '\ud800', '\ue000', '\u{f0000}', '\u0378', '\uffff', '\u2028', '\u2029', '\ufffd'],
  ])('%j has no place in one', (character) => expect(isDisplayName(`A${character}da`)).toBe(false));

  it.each(['\u3164', '\u0301\ufe0f', '\u0645\u200c\u200c\u0645', 'x'.repeat(101)])('%j is none', (name) => {
    expect(isDisplayName(name)).toBe(false);
  });

  it('are trimmed and composed; a blank one is none', () => {
    expect(normaliseDisplayName('  Jo\u0308rg ')).toBe('J\u00f6rg');
    expect(normaliseDisplayName(' \u00a0\n')).toBeUndefined();
  });
});
