const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
/** Everything but digits, letters, ":" and bytes above ASCII's. RFC 6265bis §5.1.1 */
const DELIMITERS = /[\t\x20-\x2F\x3B-\x40\x5B-\x60\x7B-\x7E]+/;
const TIME = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\D|$)/;
const DAY = /^(\d{1,2})(?:\D|$)/;
const YEAR = /^(\d{2,4})(?:\D|$)/;

/** Reads a date as browsers do, which is lenient. Milliseconds since the epoch. RFC 6265bis §5.1.1 */
export function parseCookieDate(text: string): number | undefined {
  let time: readonly number[] | undefined;
  let day: number | undefined;
  let month: number | undefined;
  let year: number | undefined;
  for (const token of text.split(DELIMITERS)) {
    const named = MONTHS.indexOf(token.slice(0, 3).toLowerCase());
    if (time === undefined && TIME.test(token)) time = numbers(TIME, token);
    else if (day === undefined && DAY.test(token)) day = numbers(DAY, token)[0];
    else if (month === undefined && named !== -1) month = named;
    else if (year === undefined && YEAR.test(token)) year = century(numbers(YEAR, token)[0] ?? 0);
  }
  if (time === undefined || day === undefined || month === undefined || year === undefined) return undefined;
  const [hour = 0, minute = 0, second = 0] = time;
  if (day < 1 || day > 31 || year < 1601 || hour > 23 || minute > 59 || second > 59) return undefined;
  const date = Date.UTC(year, month, day, hour, minute, second);
  return new Date(date).getUTCDate() === day ? date : undefined; // there is no 30 February
}

const numbers = (pattern: RegExp, token: string): readonly number[] => (pattern.exec(token) ?? []).slice(1).map(Number);

const century = (year: number): number => (year < 70 ? year + 2000 : year < 100 ? year + 1900 : year);
