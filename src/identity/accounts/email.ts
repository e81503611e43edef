import { isEmail } from 'class-validator';

const LONGEST = 254; // RFC 5321 §4.5.3.1.3: a path of 256 with its brackets

/**
 * The one spelling under which an e-mail address is stored and compared: trimmed, NFKC, lower case throughout. RFC 5321 §2.4 would let the local
 * part be case-sensitive; no provider does, and two accounts that differ in case only invite mistakes. Undefined: not an address.
 */
export function normaliseEmail(raw: string): string | undefined {
  const email = raw.trim().normalize('NFKC').toLowerCase().normalize('NFKC');
  return email.length <= LONGEST && isEmail(email) ? email : undefined;
}
