import type { Fetch } from './platform.js';
import type { TokenAnswer } from './token-answer.js';

export interface RefresherContext {
  /** Aborts when the time is over. */
  readonly signal: AbortSignal;
  readonly fetch: Fetch;
}

/** Knows how tokens are had for a refresh token: {@link signInApi}, {@link oauth}, or one of your own. */
export interface Refresher {
  /**
   * @throws RefreshRefusedError when the refresh token will never be good again
   * @throws RefreshUnavailableError, or anything else, when another attempt may do
   */
  refresh(tokens: { readonly accessToken: string; readonly refreshToken: string }, context: RefresherContext): Promise<TokenAnswer>;

  /** Ends the session at the service. What it throws is ignored. */
  end(tokens: { readonly accessToken: string; readonly refreshToken?: string }, context: RefresherContext): Promise<void>;
}
