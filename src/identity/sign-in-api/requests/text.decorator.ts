import { applyDecorators } from '@nestjs/common';
import { IsString, Matches, MaxLength, MinLength } from 'class-validator';

// Control characters (NUL among them: Postgres cannot store it), lone surrogates, and U+FFFD, which is what Node makes of bytes that are not UTF-8:
// distinct passwords would become one.
const CLEAN = /^[^\p{Cc}\p{Cs}\uFFFD]*$/u;

/** A string of 1 to `longest` UTF-16 units without what cannot be typed. */
export const Text = (longest: number): PropertyDecorator =>
  applyDecorators(
    IsString({ message: 'It must be a string.' }),
    MinLength(1, { message: 'It must not be empty.' }),
    MaxLength(longest, { message: `It must not be longer than ${longest} characters.` }),
    Matches(CLEAN, { message: 'It holds characters that are not allowed.' }),
  );

// Long enough for 256 code points in any spelling; the policy counts after normalisation.
export const LONGEST_PASSWORD = 1024;
export const LONGEST_EMAIL = 320;
export const LONGEST_TOKEN = 8192;
