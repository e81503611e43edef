import { applyDecorators } from '@nestjs/common';
import { IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { TYPED } from '../../typed-text.js';

/** A string of 1 to `longest` UTF-16 units without what cannot be typed. */
export const Text = (longest: number): PropertyDecorator =>
  applyDecorators(
    IsString({ message: 'It must be a string.' }),
    MinLength(1, { message: 'It must not be empty.' }),
    MaxLength(longest, { message: `It must not be longer than ${longest} characters.` }),
    Matches(TYPED, { message: 'It holds characters that are not allowed.' }),
  );

export const LONGEST_TOKEN = 8192;
