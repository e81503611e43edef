/**
 * Why a person has to sign in: `not-signed-in` – nothing is stored; `expired` – the access token is over and there is no refresh token; `refused` –
 * the session ended at the service; `replaced` – somebody signed in anew while the call waited, and it was not theirs.
 */
export type SignInReason = 'not-signed-in' | 'expired' | 'refused' | 'replaced';

/** There is no session to call with: the person has to sign in. Nothing was sent to the API. */
export class SignInNeededError extends Error {
  override readonly name = 'SignInNeededError';

  constructor(
    readonly reason: SignInReason,
    options?: ErrorOptions,
  ) {
    super(`The person has to sign in: ${reason}.`, options);
  }
}

/** No access token could be had at the moment; the session is kept, and a later call tries again. What happened is the `cause`. */
export class RefreshUnavailableError extends Error {
  override readonly name = 'RefreshUnavailableError';

  constructor(
    message: string,
    /** `retryAfter`: seconds, as the service said. */
    readonly options: ErrorOptions & { readonly retryAfter?: number } = {},
  ) {
    super(message, options);
  }
}

/** What a {@link Refresher} throws when the refresh token will never be good again. Whatever else it throws is taken for temporary. */
export class RefreshRefusedError extends Error {
  override readonly name = 'RefreshRefusedError';

  /** @param code as the service named it, for instance `invalid_grant` or `refresh-token-revoked` */
  constructor(readonly code: string) {
    super(`The service refuses to refresh: ${code}.`);
  }
}
