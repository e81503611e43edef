import { isEmail } from 'class-validator';

/**
 * Control, format, private-use and unassigned code points, lone surrogates, separators of lines, and whatever else is not to be seen: what looks like an
 * account's address must be that address.
 */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const LONGEST = 254; // RFC 5321 §4.5.3.1.3: a path of 256 with its brackets

/**
 * The one spelling under which an e-mail address is stored and compared: trimmed, NFKC, lower case throughout. RFC 5321 §2.4 would let the local
 * part be case-sensitive; no provider does, and two accounts that differ in case only invite mistakes. Undefined: not an address.
 */
export function normaliseEmail(raw: string): string | undefined {
  const email = raw.trim().normalize('NFKC').toLowerCase().normalize('NFKC');
  return email.length <= LONGEST && !UNSEEN.test(email) && isEmail(email) ? email : undefined;
}
