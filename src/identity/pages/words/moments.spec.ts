import { durationOf, momentOf, preciseMoment } from './moments.js';

const now = new Date('2026-07-10T12:00:00Z');
const ago = (seconds: number): Date => new Date(now.getTime() - seconds * 1000);
const plain = (text: string | undefined): string | undefined => text?.replaceAll('\u202f', ' ');

describe('momentOf', () => {
  it.each<[number, string | undefined, string | undefined]>([
    [-5, undefined, undefined],
    [59, undefined, undefined],
    [60, '1 minute ago', 'vor 1 Minute'],
    [119, '1 minute ago', 'vor 1 Minute'],
    [59 * 60, '59 minutes ago', 'vor 59 Minuten'],
    [3600, '1 hour ago', 'vor 1 Stunde'],
    [23 * 3600 + 3599, '23 hours ago', 'vor 23 Stunden'],
    [86_400, 'yesterday', 'gestern'],
    [6 * 86_400, '6 days ago', 'vor 6 Tagen'],
    [7 * 86_400, 'July 3, 2026', '3. Juli 2026'],
  ])('%d seconds ago', (seconds, en, de) => {
    expect([momentOf(ago(seconds), now, 'en'), momentOf(ago(seconds), now, 'de')]).toEqual([en, de]);
  });
});

describe('preciseMoment', () => {
  it('says the time zone', () => {
    expect(plain(preciseMoment(now, 'en'))).toBe('July 10, 2026 at 12:00 PM UTC');
    expect(plain(preciseMoment(now, 'de'))).toBe('10. Juli 2026 um 12:00 UTC');
  });
});

describe('durationOf', () => {
  it.each([
    [1, '1 second', '1 Sekunde'],
    [30, '30 seconds', '30 Sekunden'],
    [60, '1 minute', '1 Minute'],
    [61, '61 seconds', '61 Sekunden'],
    [121, '3 minutes', '3 Minuten'],
    [900, '15 minutes', '15 Minuten'],
    [3601, '2 hours', '2 Stunden'],
    [86_400, '1 day', '1 Tag'],
  ])('%d s', (seconds, en, de) => {
    expect([durationOf(seconds, 'en'), durationOf(seconds, 'de')]).toEqual([en, de]);
  });
});
