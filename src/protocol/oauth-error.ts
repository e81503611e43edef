/**
 * The one error of the protocol endpoints. `code` goes on the wire as `error`, `description` as `error_description`: public and short.
 * `cause` goes to the log only.
 */
export class OAuthError extends Error {
  readonly code: OAuthErrorCode;
  readonly description: string | undefined;
  readonly status: number;
  /** `WWW-Authenticate` of the answer. */
  readonly challenge: string | undefined;
  /** Seconds, as `Retry-After`. */
  readonly retryAfter: number | undefined;

  constructor(options: OAuthErrorOptions) {
    super(options.description ?? options.code, { cause: options.cause });
    this.name = 'OAuthError';
    this.code = options.code;
    this.description = options.description;
    this.status = options.status ?? OAUTH_ERROR_STATUS[options.code];
    this.challenge = options.challenge;
    this.retryAfter = options.retryAfter;
  }
}

export interface OAuthErrorOptions {
  readonly code: OAuthErrorCode;
  readonly description?: string;
  readonly cause?: unknown;
  /** Another HTTP status than that of the code. */
  readonly status?: number;
  readonly challenge?: string;
  readonly retryAfter?: number;
}

/**
 * HTTP status of each error when it is rendered as JSON. RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, RFC 7009 §2.2.1, RFC 8628 §3.5, RFC 8707 §2, OpenID
 * Connect Core §3.1.2.6.
 */
export const OAUTH_ERROR_STATUS = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  unsupported_token_type: 400,
  invalid_scope: 400,
  invalid_target: 400,
  access_denied: 400,
  authorization_pending: 400,
  slow_down: 400,
  expired_token: 400,
  login_required: 400,
  account_selection_required: 400,
  consent_required: 400,
  interaction_required: 400,
  request_not_supported: 400,
  request_uri_not_supported: 400,
  registration_not_supported: 400,
  invalid_token: 401,
  insufficient_scope: 403,
  too_many_requests: 429,
  server_error: 500,
  temporarily_unavailable: 503,
} as const;

export type OAuthErrorCode = keyof typeof OAUTH_ERROR_STATUS;

/** The error for whatever is malformed, missing or contradicts itself. */
export const invalidRequest = (description: string, cause?: unknown): OAuthError =>
  new OAuthError({ code: 'invalid_request', description, cause });
