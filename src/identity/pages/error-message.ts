import { randomUUID } from 'node:crypto';
import { OAuthError } from '../../protocol/oauth-error.js';
import { StorageUnavailableError } from '../../storage/storage-unavailable.error.js';
import { LaneFullError } from '../attempts/lane.js';
import { TooManyAttemptsError } from '../attempts/too-many-attempts.error.js';
import type { PageModels } from './page-models.js';

/** An error as the message page shows it. */
export interface ErrorMessage {
  readonly status: number;
  readonly model: PageModels['message'];
  /** Seconds. */
  readonly retryAfter?: number;
  /** What the log should hold of it; undefined for what a browser did wrong. */
  readonly fault?: { readonly message: string; readonly cause: unknown };
}

/** Seconds after which a store that was away, or a full queue, may be tried again. */
const SOON = 1;
const DETAILS: Readonly<Record<number, string>> = {
  405: 'The method is not allowed here.',
  413: 'The request is too large.',
  415: 'Send application/x-www-form-urlencoded.',
};

/** Everything that can be thrown, as a page that tells the person what they may know and nothing else. */
export function errorMessage(error: unknown): ErrorMessage {
  if (error instanceof TooManyAttemptsError) return tooMany(error.retryAfter);
  if (error instanceof StorageUnavailableError || error instanceof LaneFullError) return unavailable(error);
  if (error instanceof OAuthError) return ofOAuthError(error);
  const status = statusOf(error);
  if (status === 404) return { status, model: { code: 'not-found' } };
  if (status >= 400 && status < 500) return { status, model: { code: 'error', detail: DETAILS[status] ?? 'The request cannot be read.' } };
  return unexpected(error);
}

function ofOAuthError(error: OAuthError): ErrorMessage {
  const { status, code, description, retryAfter } = error;
  if (code === 'too_many_requests') return tooMany(retryAfter ?? SOON);
  if (status === 503) return unavailable(error, retryAfter);
  if (status >= 500) return unexpected(error);
  if (status === 404) return { status, model: { code: 'not-found' } };
  // A page has no scheme to authenticate by, which a 401 would have to name (RFC 9110 §15.5.2).
  return { status: status === 401 ? 400 : status, model: { code: 'error', ...(description !== undefined && { detail: description }) } };
}

const tooMany = (seconds: number): ErrorMessage => ({
  status: 429,
  model: { code: 'too-many-attempts', seconds },
  retryAfter: seconds,
});

const unavailable = (cause: Error, retryAfter = SOON): ErrorMessage => ({
  status: 503,
  model: { code: 'unavailable' },
  retryAfter,
  fault: { message: cause.message, cause },
});

function unexpected(cause: unknown): ErrorMessage {
  const correlation = randomUUID();
  return { status: 500, model: { code: 'error', correlation }, fault: { message: `Unexpected error ${correlation}`, cause } };
}

/** Of errors of Nest (`getStatus`) and Fastify (`statusCode`). Theirs name internals, so nothing else is taken over. */
function statusOf(error: unknown): number {
  const { status, statusCode } = (typeof error === 'object' && error !== null ? error : {}) as { status?: unknown; statusCode?: unknown };
  return typeof status === 'number' ? status : typeof statusCode === 'number' ? statusCode : 500;
}
