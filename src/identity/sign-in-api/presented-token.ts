import { readBearerToken } from '../../validation/bearer-token.js';
import type { ApiRequest } from './api-request.js';
import { Problem } from './problem.js';

/** The access token of the request; undefined: none came. @throws Problem when the header is malformed or repeated */
export function presentedToken(request: ApiRequest): string | undefined {
  const bearer = readBearerToken(request);
  if (bearer.kind === 'malformed') {
    throw new Problem('invalid-request', {
      detail: 'The Authorization header is malformed or repeated.',
      headers: { 'WWW-Authenticate': 'Bearer error="invalid_request"' },
    });
  }
  return bearer.kind === 'token' ? bearer.token : undefined;
}

/** RFC 6750 §3.1 */
export const invalidAccessToken = (): Problem =>
  new Problem('access-token-invalid', {
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token", error_description="The access token is not valid."' },
  });
