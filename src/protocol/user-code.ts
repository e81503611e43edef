import { createHmac, randomInt } from 'node:crypto';

/** RFC 8628 §6.1: no vowels, so that no words come about, and nothing that looks like something else; easy on every keyboard. */
export const USER_CODE_LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const LENGTH = 8;
const HALF = LENGTH / 2;
const CODE = new RegExp(`^[${USER_CODE_LETTERS}]{${LENGTH}}$`);
/** What people put between the letters: blanks, and dashes of every kind. */
const BETWEEN = /[\s\p{Pd}]/gu;
const LONGEST_ENTRY = 64;

/** As it is shown: `XXXX-XXXX`. One of 20⁸. */
export type UserCode = string & { readonly kind: 'user code' };

/** @param draw a number from 0 up to, not including, its argument, each as likely as the others */
export function newUserCode(draw: (below: number) => number = randomInt): UserCode {
  const letters = Array.from({ length: LENGTH }, () => USER_CODE_LETTERS.charAt(draw(USER_CODE_LETTERS.length)));
  return shown(letters.join(''));
}

/** What a person typed, in any case and with anything between the letters. Undefined: this cannot be one. */
export function parseUserCode(entry: string): UserCode | undefined {
  if (entry.length > LONGEST_ENTRY) return undefined;
  const letters = entry.replace(BETWEEN, '');
  // ASCII first: other alphabets have letters whose capital is one of ours.
  if (!/^[a-z]+$/i.test(letters)) return undefined;
  const capitals = letters.toUpperCase();
  return CODE.test(capitals) ? shown(capitals) : undefined;
}

/** What the database keeps: all 20⁸ of a bare hash would be tried within a minute. */
export const userCodeHash = (key: Buffer, code: UserCode): Buffer => createHmac('sha256', key).update(code).digest();

const shown = (letters: string): UserCode => `${letters.slice(0, HALF)}-${letters.slice(HALF)}` as UserCode;
