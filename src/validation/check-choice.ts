import type { Type } from '@nestjs/common';
import type { TokenCheck } from './token-check.js';

const NAMES = ['signature', 'entry', 'introspection', 'feed'] as const;
export type CheckName = (typeof NAMES)[number];

/** What the option `check` and `@Check()` take. */
export type CheckChoice = CheckName | Type<TokenCheck>;

export const CHECK_CHOICES = "'signature', 'entry', 'introspection', 'feed' or a class that extends TokenCheck";

export const isCheckChoice = (value: unknown): boolean =>
  typeof value === 'function'
    ? typeof (value as { prototype?: Partial<TokenCheck> }).prototype?.check === 'function'
    : NAMES.some((name) => name === value);
