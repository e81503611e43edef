import { parseCookieDate } from './cookie-date.js';

export type SameSite = 'strict' | 'lax' | 'none';

/** What a `Set-Cookie` line says, before anything is checked. */
export interface SetCookieLine {
  readonly name: string;
  readonly value: string;
  /** Milliseconds since the epoch. */
  readonly expires: number | undefined;
  /** In lower case, without the leading dot. Undefined: there is none, or an empty one. */
  readonly domain: string | undefined;
  /** Undefined: there is none, or one that does not start with a slash. */
  readonly path: string | undefined;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: SameSite | undefined;
}

/** Octets of an attribute's value; a longer one is ignored. RFC 6265bis §5.6 */
const LONGEST_ATTRIBUTE = 1_024;
/** RFC 6265bis §5.5: no cookie lives longer. Milliseconds. */
const LONGEST_LIFE = 400 * 86_400_000;

/** Takes a line apart as browsers do. Undefined: it holds a control character. RFC 6265bis §5.6 */
export function parseSetCookieLine(line: string, now: number): SetCookieLine | undefined {
  if (/[\x00-\x08\x0A-\x1F\x7F]/.test(line)) return undefined;
  const [pair = '', ...rest] = line.split(';');
  const attributes = new Map(rest.map(split).filter(([, value]) => octets(value) <= LONGEST_ATTRIBUTE)); // the last of a name wins
  const equals = pair.indexOf('=');
  const path = attributes.get('path');
  return {
    // §5.6 step 3: without "=" there is a value and no name.
    name: equals === -1 ? '' : trim(pair.slice(0, equals)),
    value: trim(pair.slice(equals + 1)),
    expires: expiry(attributes, rest, now),
    domain: attributes.get('domain')?.replace(/^\./, '').toLowerCase() || undefined,
    path: path?.startsWith('/') ? path : undefined,
    secure: attributes.has('secure'),
    httpOnly: attributes.has('httponly'),
    sameSite: sameSite(attributes.get('samesite')),
  };
}

/** Of a text that came in a header each character is an octet; of another one, UTF-8 is meant. */
export const octets = (text: string): number => (/[^\u0000-\u00FF]/.test(text) ? Buffer.byteLength(text) : text.length);

function split(attribute: string): readonly [string, string] {
  const equals = attribute.indexOf('=');
  return equals === -1
    ? [trim(attribute).toLowerCase(), '']
    : [trim(attribute.slice(0, equals)).toLowerCase(), trim(attribute.slice(equals + 1))];
}

const trim = (text: string): string => text.replace(/^[ \t]+|[ \t]+$/g, '');

/** Max-Age wins over Expires, whatever their order; one that cannot be read counts as absent. §5.6.1, §5.6.2, §5.7 step 6 */
function expiry(attributes: ReadonlyMap<string, string>, all: readonly string[], now: number): number | undefined {
  const readable = all
    .map(split)
    .filter(([name, value]) => name === 'max-age' && /^-?\d+$/.test(value) && octets(value) <= LONGEST_ATTRIBUTE);
  const maxAge = readable.at(-1)?.[1];
  if (maxAge !== undefined) return Number(maxAge) <= 0 ? -Infinity : now + Math.min(Number(maxAge) * 1000, LONGEST_LIFE);
  const date = parseCookieDate(attributes.get('expires') ?? '');
  return date === undefined ? undefined : Math.min(date, now + LONGEST_LIFE);
}

const sameSite = (value: string | undefined): SameSite | undefined => {
  const lower = value?.toLowerCase();
  return lower === 'strict' || lower === 'lax' || lower === 'none' ? lower : undefined;
};
