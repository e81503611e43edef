import type { Locale } from '../locale.js';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Beyond, a date says more than a number of days. */
const RELATIVE = 7 * DAY;

/** "3 hours ago", later the date; undefined: less than a minute ago. Servers do not know people's time zones: dates are UTC. */
export function momentOf(date: Date, now: Date, locale: Locale): string | undefined {
  const seconds = Math.floor((now.getTime() - date.getTime()) / 1000);
  if (seconds < MINUTE) return undefined;
  if (seconds >= RELATIVE) return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }).format(date);
  const [count, unit] = inUnits(seconds, Math.floor);
  return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(-count, unit);
}

/** Date and time to the minute, in UTC. */
export const preciseMoment = (date: Date, locale: Locale): string =>
  new Intl.DateTimeFormat(locale, {
    ...({ year: 'numeric', month: 'long', day: 'numeric' } as const),
    ...({ hour: '2-digit', minute: '2-digit', timeZone: 'UTC', timeZoneName: 'short' } as const),
  }).format(date);

/** "30 seconds", "15 minutes": never less than there is to wait. */
export function durationOf(seconds: number, locale: Locale): string {
  const inSeconds = seconds < 2 * MINUTE && seconds % MINUTE !== 0;
  const [count, unit] = inSeconds ? ([Math.ceil(seconds), 'second'] as const) : inUnits(seconds, Math.ceil);
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}

function inUnits(seconds: number, round: (value: number) => number): readonly [number, 'minute' | 'hour' | 'day'] {
  if (round(seconds / MINUTE) < 60) return [round(seconds / MINUTE), 'minute'];
  return round(seconds / HOUR) < 24 ? [round(seconds / HOUR), 'hour'] : [round(seconds / DAY), 'day'];
}
