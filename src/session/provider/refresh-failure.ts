import { HttpException } from '@nestjs/common';
import { plainError } from './plain-error.js';

/**
 * Why a refresh brought nothing. `ended`: the provider says that it is over (invalid_grant), or answers for somebody else. `lost`: as `ended`, after a call
 * that was not answered: its answer had the refresh token that counts now. `misconfigured`: the provider does not take this app for who it says it is,
 * which is no fault of the person's. `unavailable`: everything else.
 */
export type RefreshFailureKind = 'ended' | 'lost' | 'misconfigured' | 'unavailable';

export interface RefreshFailureDetails {
  /** Seconds, as the provider asks; 300 at most. */
  readonly retryAfter?: number | undefined;
  /** The call was sent, and may have been heard. */
  readonly ambiguous?: boolean;
}

export class RefreshFailure extends HttpException {
  override readonly cause: Error;
  readonly retryAfter: number | undefined;
  readonly ambiguous: boolean;

  constructor(
    readonly kind: RefreshFailureKind,
    cause: unknown,
    { retryAfter, ambiguous = false }: RefreshFailureDetails = {},
  ) {
    super(`The tokens could not be refreshed: ${kind}.`, 503);
    this.cause = plainError(cause);
    this.name = 'RefreshFailure';
    this.retryAfter = retryAfter;
    this.ambiguous = ambiguous;
  }
}
