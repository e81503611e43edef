/**
 * What follows from it. `again`: the next attempt may go well. `resume`: so it is meant to be. `reload`: where we stood says nothing to the service any
 * more. `token`: it does not take the access token. `change`: somebody must change something first.
 */
export type Consequence = 'again' | 'resume' | 'reload' | 'token' | 'change';

/** The feed cannot be followed at the moment. The message says why, and what to change; it goes to the log and holds neither token nor secret. */
export class FollowFailure extends Error {
  /** @param retryAfter milliseconds that the service asks for (RFC 9110 §10.2.3) */
  constructor(
    message: string,
    readonly consequence: Consequence = 'again',
    readonly retryAfter = 0,
  ) {
    super(message);
    this.name = 'FollowFailure';
  }
}
