import { readBearerToken } from '../bearer-token.js';
import type { IncomingRequest } from '../incoming-request.js';
import type { CallKind } from './call-kind.js';

export const HTTP_CALL: CallKind = {
  carrier: (context) => context.switchToHttp().getRequest<object>(),
  token: (context) => readBearerToken(context.switchToHttp().getRequest<IncomingRequest>()),
};
