import { HttpException, Inject, Injectable } from '@nestjs/common';
import { formatScope } from '../protocol/scope.js';
import { VALIDATION_OPTIONS, type ResolvedValidationOptions } from './validation.options.js';

/** A refusal with the headers that belong to it. The guard sets them, so that no filter is needed. */
export class BearerException extends HttpException {
  constructor(
    status: number,
    body: object,
    readonly headers: Readonly<Record<string, string>>,
    cause?: unknown,
  ) {
    super(body, status, { cause });
  }
}

/** The guard's refusals (RFC 6750 §3). What they say is public and the same whatever the reason; reasons go to the log. */
@Injectable()
export class BearerFailures {
  constructor(@Inject(VALIDATION_OPTIONS) private readonly options: ResolvedValidationOptions) {}

  /** RFC 6750 §3.1: no error code when no token was sent. */
  unauthenticated(): BearerException {
    return new BearerException(401, { error_description: 'An access token is required.' }, this.#challenge({}));
  }

  invalidRequest(): BearerException {
    return this.#failure(400, 'invalid_request', 'The Authorization header is malformed or repeated.');
  }

  invalidToken(): BearerException {
    return this.#failure(401, 'invalid_token', 'The access token is expired, revoked, malformed or not meant for this service.');
  }

  insufficientScope(required: readonly string[]): BearerException {
    return this.#failure(403, 'insufficient_scope', 'The access token lacks a scope.', { scope: formatScope(required) });
  }

  /** RFC 6750 §3.1: higher privileges than the token has. No scope is named, since none would help. */
  missingRole(): BearerException {
    return this.#failure(403, 'insufficient_scope', 'A role is missing.');
  }

  unavailable(retryAfter: number, cause: unknown): BearerException {
    const body = { error: 'temporarily_unavailable', error_description: 'The access token cannot be checked at the moment.' };
    return new BearerException(503, body, { 'Retry-After': String(Math.max(1, Math.ceil(retryAfter))) }, cause);
  }

  #failure(status: number, error: string, description: string, more: Readonly<Record<string, string>> = {}): BearerException {
    const body = { error, error_description: description };
    return new BearerException(status, body, this.#challenge({ ...body, ...more }));
  }

  #challenge(parameters: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    const { realm } = this.options;
    // None of the values can hold a quotation mark or a backslash: texts of this file, scope tokens (RFC 6749 §3.3), the checked realm.
    const pairs = Object.entries({ ...(realm !== undefined && { realm }), ...parameters }).map(([name, value]) => `${name}="${value}"`);
    return { 'WWW-Authenticate': pairs.length > 0 ? `Bearer ${pairs.join(', ')}` : 'Bearer' };
  }
}
