import { randomUUID } from 'node:crypto';
import { HttpException } from '@nestjs/common';
import { TooManyAttemptsError } from '../../identity/attempts/too-many-attempts.error.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import { StorageUnavailableError } from '../../storage/storage-unavailable.error.js';

/** An error as RFC 6749 §5.2 renders it. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly error: string; readonly error_description?: string };
  /** What the log should hold of it; undefined for what a client did wrong. */
  readonly fault?: { readonly message: string; readonly cause: unknown };
}

const NO_STORE = { 'cache-control': 'no-store' };

/** Everything that can be thrown, as an answer that tells the client what it may know and nothing else. */
export function errorAnswer(error: unknown): ErrorAnswer {
  const known = asOAuthError(error);
  if (known) {
    return {
      status: known.status,
      headers: {
        ...NO_STORE,
        ...(known.challenge !== undefined && { 'www-authenticate': known.challenge }),
        ...(known.retryAfter !== undefined && { 'retry-after': String(known.retryAfter) }),
      },
      body: { error: known.code, ...(known.description !== undefined && { error_description: known.description }) },
      ...(known.status >= 500 && { fault: { message: known.code, cause: known.cause } }),
    };
  }
  const correlation = randomUUID();
  return {
    status: 500,
    headers: NO_STORE,
    body: { error: 'server_error', error_description: `Unexpected error ${correlation}.` },
    fault: { message: `Unexpected error ${correlation}`, cause: error },
  };
}

function asOAuthError(error: unknown): OAuthError | undefined {
  if (error instanceof OAuthError) return error;
  if (error instanceof StorageUnavailableError) return new OAuthError({ code: 'temporarily_unavailable', retryAfter: 1, cause: error });
  if (error instanceof TooManyAttemptsError) {
    return new OAuthError({ code: 'too_many_requests', description: 'Too many failed attempts.', retryAfter: error.retryAfter });
  }
  // The host's own refusals (a body too large, cut off, or of an unknown encoding).
  const status = error instanceof HttpException ? error.getStatus() : (error as { statusCode?: unknown } | undefined)?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    const description = status === 413 ? 'The request is too large.' : 'The request cannot be read.';
    return new OAuthError({ code: 'invalid_request', description, status, cause: error });
  }
  return undefined;
}
