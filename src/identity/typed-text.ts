// Control characters (NUL among them: Postgres cannot store it), lone surrogates, and U+FFFD, which is what Node makes of bytes that are not UTF-8:
// distinct passwords would become one.
export const TYPED = /^[^\p{Cc}\p{Cs}\uFFFD]*$/u;

// UTF-16 units. Long enough for 256 code points in any spelling; the policy counts after normalisation.
export const LONGEST_PASSWORD = 1024;
export const LONGEST_EMAIL = 320;
export const LONGEST_NAME = 100;

/** Whether a text can be typed, and is 1 to `longest` UTF-16 units long. */
export const isTyped = (text: string, longest: number): boolean => text !== '' && text.length <= longest && TYPED.test(text);
