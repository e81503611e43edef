import { ClientError, ResponseBodyError } from 'openid-client';
import { RefreshFailure } from './refresh-failure.js';

/** RFC 6749 §5.2: what the app's own settings are to blame for. */
const OURS: readonly string[] = ['invalid_client', 'unauthorized_client', 'invalid_scope'];
/** Errors of Node and undici before anything was sent. */
const NOT_SENT: readonly unknown[] = [
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'],
];
/** Of openid-client: no answer in time, and an answer that was cut short. */
const NO_ANSWER: readonly unknown[] = ['OAUTH_TIMEOUT', 'OAUTH_PARSE_ERROR'];

/** Seconds: the longest `Retry-After` that is heeded. A wrong one must not lock anybody out for a day. */
const LONGEST_HEEDED = 300;

/** What a failed call of the token endpoint means for a session. */
export function failureOf(error: unknown): RefreshFailure {
  if (error instanceof ResponseBodyError) {
    if (error.error === 'invalid_grant') return new RefreshFailure('ended', error);
    if (OURS.includes(error.error)) return new RefreshFailure('misconfigured', error);
    return new RefreshFailure('unavailable', error, { retryAfter: retryAfterOf(error.response) });
  }
  if (!(error instanceof ClientError)) return ofConnection(error);
  // openid-client wraps what it does not know.
  if (error.code === undefined) return ofConnection(error.cause);
  // A signature, an issuer or an audience that is not right.
  if (error.code === 'OAUTH_JWT_CLAIM_COMPARISON_FAILED') return new RefreshFailure('ended', error);
  const retryAfter = error.cause instanceof Response ? retryAfterOf(error.cause) : undefined;
  return new RefreshFailure('unavailable', error, { retryAfter, ambiguous: NO_ANSWER.includes(error.code) });
}

/** What `fetch` throws has the error of the connection as its cause. */
function ofConnection(error: unknown): RefreshFailure {
  const code = (error as { readonly cause?: { readonly code?: unknown } } | undefined)?.cause?.code;
  return new RefreshFailure('unavailable', error, { ambiguous: !NOT_SENT.includes(code) });
}

/** Seconds; RFC 9110 §10.2.3, the form that is a number. */
function retryAfterOf(response: Response): number | undefined {
  const seconds = response.headers.get('retry-after') ?? '';
  return /^\d{1,6}$/.test(seconds) ? Math.min(Number(seconds), LONGEST_HEEDED) : undefined;
}
