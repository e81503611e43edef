/**
 * The check cannot be made at the moment: whoever must be asked does not answer. The guard answers 503 with Retry-After; it never lets the request
 * pass and never calls the token invalid. `message` goes to the log only and holds no token.
 */
export class CheckUnavailableError extends Error {
  /** Seconds after which the caller may try again. */
  readonly retryAfter: number;

  constructor(message: string, options: { readonly retryAfter?: number; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'CheckUnavailableError';
    this.retryAfter = options.retryAfter ?? DEFAULT_RETRY_AFTER;
  }
}

export const DEFAULT_RETRY_AFTER = 5;
