import type { Principal } from '../../validation/principal.js';

/** A client that follows the feed, by an access token that was found good. */
export interface Follower {
  readonly principal: Principal;
  readonly token: string;
  /** Of the key that signed it, if any did. */
  readonly kid?: string;
  /** When it was last looked up, on the monotonic clock. */
  asked: number;
}
