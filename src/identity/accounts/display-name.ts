import { LONGEST_NAME } from '../typed-text.js';

/**
 * Whether a text may be somebody's name on pages, in tokens and in an operator's terminal; a blank one stands for none. After the FreeformClass of
 * RFC 8264 §4.3 it is refused for what cannot be seen or lets it look like something else: control and format characters (those for bidirectional text
 * and zero-width ones among them), private-use and unassigned code points, line separators. The joiners stay where a script needs them (RFC 5892 A.1,
 * A.2), and in emoji. Refused, not mended: a name that somebody cannot have is better told than changed.
 */
export function isDisplayName(raw: string): boolean {
  const name = normaliseDisplayName(raw);
  if (name === undefined) return true;
  return name.length <= LONGEST_NAME && VISIBLE.test(name) && !REFUSED.test(name.replace(JOINERS_IN_PLACE, ''));
}

/** A name as it is stored. Undefined: it is blank. */
export const normaliseDisplayName = (raw: string): string | undefined => raw.trim().normalize('NFC') || undefined;

const REFUSED = /[\p{C}\p{Zl}\p{Zp}\uFFFD]/u;
/** Hangul fillers, for example, are letters that nobody sees. */
const VISIBLE = /(?!\p{Default_Ignorable_Code_Point})[\p{L}\p{N}\p{P}\p{S}]/u;

const JOINED_SCRIPTS = [
  ...['Arab', 'Syrc', 'Mand', 'Nkoo', 'Mong', 'Deva', 'Beng', 'Guru', 'Gujr', 'Orya', 'Taml', 'Telu'],
  ...['Knda', 'Mlym', 'Sinh', 'Mymr', 'Khmr', 'Tibt', 'Java', 'Bali'],
]
  .map((script) => `\\p{Script=${script}}`)
  .join('');
/** A zero-width joiner or non-joiner behind a character of such a script, and a joiner between two pictures. */
const JOINERS_IN_PLACE = new RegExp(
  `(?<=[${JOINED_SCRIPTS}])[\\u200C\\u200D]|(?<=\\p{Extended_Pictographic}[\\uFE0F\\p{Emoji_Modifier}]?)\\u200D(?=\\p{Extended_Pictographic})`,
  'gu',
);
