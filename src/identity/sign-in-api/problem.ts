/** Every problem the sign-in API answers with (RFC 9457): title and status of each type. */
export const PROBLEMS = {
  'invalid-request': { status: 400, title: 'The request is not of the right form.' },
  'unsupported-media-type': { status: 415, title: 'The body must be JSON.' },
  'too-large': { status: 413, title: 'The body is too large.' },
  'method-not-allowed': { status: 405, title: 'The method is not allowed here.' },
  'not-found': { status: 404, title: 'There is nothing here.' },
  'invalid-credentials': { status: 401, title: 'E-mail or password is wrong.' },
  'current-password-wrong': { status: 400, title: 'The current password is wrong.' },
  'password-refused': { status: 400, title: 'The password cannot be used.' },
  'email-taken': { status: 409, title: 'There is an account with this e-mail already.' },
  'registration-off': { status: 403, title: 'Nobody can register here.' },
  'sign-in-off': { status: 403, title: 'Nobody can sign in here at the moment.' },
  'account-changed': { status: 409, title: 'The account has changed meanwhile.' },
  'access-token-missing': { status: 401, title: 'An access token is needed.' },
  'access-token-invalid': { status: 401, title: 'The access token is not valid.' },
  'access-token-still-valid': { status: 409, title: 'The access token has not expired yet.' },
  'tokens-do-not-match': { status: 400, title: 'Access token and refresh token do not belong together.' },
  'refresh-token-expired': { status: 401, title: 'The refresh token has expired. Sign in again.' },
  'refresh-token-used': { status: 401, title: 'The refresh token was used already. Sign in again.' },
  'refresh-token-revoked': { status: 401, title: 'The refresh token was revoked. Sign in again.' },
  'refresh-token-not-found': { status: 401, title: 'The refresh token is not known.' },
  'too-many-attempts': { status: 429, title: 'Too many attempts. Try again later.' },
  unavailable: { status: 503, title: 'The service cannot answer at the moment. Try again.' },
  'internal-error': { status: 500, title: 'Something went wrong.' },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

/** A fault in one member of the body. */
export interface FieldFault {
  readonly field: string;
  readonly detail: string;
}

export interface ProblemOptions {
  /** Public and short. */
  readonly detail?: string;
  readonly errors?: readonly FieldFault[];
  /** Further members (RFC 9457 §3.2). */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Goes to the log only. */
  readonly cause?: unknown;
}

/** The one error of the sign-in API. */
export class Problem extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly code: ProblemCode,
    private readonly options: ProblemOptions = {},
  ) {
    super(code, { cause: options.cause });
    this.name = 'Problem';
    this.status = PROBLEMS[code].status;
    // RFC 9110 §15.5.2: a 401 names how to authenticate.
    this.headers = { ...(this.status === 401 && { 'WWW-Authenticate': 'Bearer' }), ...options.headers };
  }

  /** The body, RFC 9457 §3.1. */
  toJSON(): Record<string, unknown> {
    const { detail, errors, members } = this.options;
    const { title, status } = PROBLEMS[this.code];
    return {
      type: `urn:countersign:problem:${this.code}`,
      title,
      status,
      ...(detail !== undefined && { detail }),
      ...(errors && { errors }),
      ...members,
    };
  }
}
