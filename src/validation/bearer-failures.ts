import { HttpException, Inject, Injectable, Optional } from '@nestjs/common';
import { formatScope } from '../protocol/scope.js';
import type { RequiredAuthentication } from './decorators/route-requirements.js';
import { ProtectedResource } from './protected-resource/protected-resource.js';
import { VALIDATION_OPTIONS, type ResolvedValidationOptions } from './validation.options.js';

/** What a refusal says, in words of RFC 6750 §3 and RFC 9470 §3. */
interface RefusalText {
  readonly error?: string;
  readonly error_description: string;
}

/** A refusal with the headers that belong to it. The guard sets them, so that no filter is needed. */
export class BearerException extends HttpException {
  /** Everything that the status, the body and the headers say, for answers that have no headers. Seconds in `retry_after`. */
  readonly detail: Readonly<Record<string, string | number>>;

  constructor(
    status: number,
    body: RefusalText,
    readonly headers: Readonly<Record<string, string>>,
    more: Readonly<Record<string, string | number>> = {},
    cause?: unknown,
  ) {
    super(body, status, { cause });
    this.message = body.error_description;
    this.detail = { status, ...body, ...more };
  }
}

/** The guard's refusals (RFC 6750 §3). What they say is public and the same whatever the reason; reasons go to the log. */
@Injectable()
export class BearerFailures {
  constructor(
    @Inject(VALIDATION_OPTIONS) private readonly options: ResolvedValidationOptions,
    @Optional() private readonly resource?: ProtectedResource,
  ) {}

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

  /** RFC 9470 §3: what the app asks of the authorization endpoint to get a token that is enough. */
  insufficientAuthentication({ maxAge, acr }: RequiredAuthentication): BearerException {
    return this.#failure(401, 'insufficient_user_authentication', 'The person must sign in again, or by other means.', {
      ...(maxAge !== undefined && { max_age: String(maxAge) }),
      ...(acr.length > 0 && { acr_values: acr.join(' ') }),
    });
  }

  unavailable(retryAfter: number, cause: unknown): BearerException {
    const body = { error: 'temporarily_unavailable', error_description: 'The access token cannot be checked at the moment.' };
    const seconds = Math.max(1, Math.ceil(retryAfter));
    return new BearerException(503, body, { 'Retry-After': String(seconds) }, { retry_after: seconds }, cause);
  }

  #failure(status: number, error: string, description: string, more: Readonly<Record<string, string>> = {}): BearerException {
    const body = { error, error_description: description };
    return new BearerException(status, body, this.#challenge({ ...body, ...more }), more);
  }

  #challenge(parameters: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    const { realm } = this.options;
    // RFC 9728 §5.1
    const metadata = this.resource && { resource_metadata: this.resource.metadataUrl };
    // None of the values can hold a quotation mark or a backslash: texts of this file, scope tokens (RFC 6749 §3.3), what was checked at start, URLs.
    const pairs = Object.entries({ ...(realm !== undefined && { realm }), ...parameters, ...metadata }).map(
      ([name, value]) => `${name}="${value}"`,
    );
    return { 'WWW-Authenticate': pairs.length > 0 ? `Bearer ${pairs.join(', ')}` : 'Bearer' };
  }
}
