import type { Type } from '@nestjs/common';
import type { TokenCheck } from '../token-check.js';
import type { CheckName } from '../validation.options.js';
import { EntryCheck } from './entry.check.js';
import { IntrospectionCheck } from './introspection.check.js';
import { SignatureCheck } from './signature.check.js';

/** What the names of the option `check` stand for. */
export const BUILT_IN_CHECKS: Readonly<Record<CheckName, Type<TokenCheck>>> = {
  signature: SignatureCheck,
  entry: EntryCheck,
  introspection: IntrospectionCheck,
};
