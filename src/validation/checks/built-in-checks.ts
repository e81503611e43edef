import type { Type } from '@nestjs/common';
import type { CheckName } from '../check-choice.js';
import type { TokenCheck } from '../token-check.js';

import { EntryCheck } from './entry.check.js';
import { FeedCheck } from './feed.check.js';
import { IntrospectionCheck } from './introspection.check.js';
import { SignatureCheck } from './signature.check.js';

/** What the names of the option `check` stand for. */
export const BUILT_IN_CHECKS: Readonly<Record<CheckName, Type<TokenCheck>>> = {
  signature: SignatureCheck,
  entry: EntryCheck,
  introspection: IntrospectionCheck,
  feed: FeedCheck,
};
