/**
 * Why a refresh brought nothing. `ended`: the provider says that it is over (invalid_grant), or answers for somebody else. `misconfigured`: it does not
 * take this app for who it says it is, which is no fault of the person's. `unavailable`: everything else.
 */
export type RefreshFailureKind = 'ended' | 'misconfigured' | 'unavailable';

export class RefreshFailure extends Error {
  /** @param retryAfter seconds, as the provider asks */
  constructor(
    readonly kind: RefreshFailureKind,
    cause: unknown,
    readonly retryAfter?: number,
  ) {
    super(`The tokens could not be refreshed: ${kind}.`, { cause });
    this.name = 'RefreshFailure';
  }
}
