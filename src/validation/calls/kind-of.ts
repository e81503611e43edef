import type { ExecutionContext } from '@nestjs/common';
import type { CallKind } from './call-kind.js';
import { GRAPHQL_CALL } from './graphql-call.js';
import { HTTP_CALL } from './http-call.js';
import { MESSAGE_CALL } from './message-call.js';
import { SOCKET_CALL } from './socket-call.js';

const KINDS = new Map<string, CallKind>([
  ['http', HTTP_CALL],
  ['ws', SOCKET_CALL],
  ['rpc', MESSAGE_CALL],
  ['graphql', GRAPHQL_CALL],
]);

/** @throws Error for a way in that the guard does not know */
export function kindOf(context: ExecutionContext): CallKind {
  const type = context.getType<string>();
  const kind = KINDS.get(type);
  if (!kind) throw new Error(`BearerGuard guards ${[...KINDS.keys()].join(', ')}; ${context.getClass().name} is reached by ${type}.`);
  return kind;
}
