import type { ExecutionContext } from '@nestjs/common';
import type { BearerToken } from '../bearer-token.js';

/** A way in which calls come in: what Nest calls a context type. */
export interface CallKind {
  /** What keeps who calls, for as long as the call lasts. */
  carrier(context: ExecutionContext): object;
  token(context: ExecutionContext): BearerToken;
}
