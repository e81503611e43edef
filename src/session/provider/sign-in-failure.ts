import { AuthorizationResponseError, ClientError } from 'openid-client';
import { failureOf } from './failure-of.js';
import type { RefreshFailure } from './refresh-failure.js';

/** Of openid-client: there was no answer of the token endpoint that could be read. */
const AWAY: readonly unknown[] = [
  undefined, // what it does not know
  ...['OAUTH_TIMEOUT', 'OAUTH_ABORT', 'OAUTH_PARSE_ERROR', 'OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON'],
];
/** RFC 6749 §4.1.2.1: what a redirect says in place of a 500 and a 503. */
const AWAY_BY_REDIRECT: readonly string[] = ['server_error', 'temporarily_unavailable'];

/** Why a sign-in came to nothing though nobody said no and nothing was wrong with the answer. Undefined: that is why. */
export function signInFailure(error: unknown): RefreshFailure | undefined {
  if (error instanceof AuthorizationResponseError && !AWAY_BY_REDIRECT.includes(error.error)) return undefined;
  if (error instanceof ClientError && !AWAY.includes(error.code)) return undefined;
  const failure = failureOf(error);
  return failure.kind === 'ended' ? undefined : failure;
}
