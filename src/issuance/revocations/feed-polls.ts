import { Injectable } from '@nestjs/common';
import { logUnavailable } from './log-unavailable.js';
import { PATIENCE, RevocationHub, type Standing } from './revocation-hub.js';

export interface Poll {
  /** When the request came, on the monotonic clock. */
  readonly accepted: number;
  /** Milliseconds. */
  readonly wait: number;
  /** Nobody waits for the answer any more. */
  readonly gone: AbortSignal;
}

/** Those who ask for a part and wait until there is something in it. */
@Injectable()
export class FeedPolls {
  constructor(private readonly hub: RevocationHub) {}

  /**
   * Until there is something to tell, or the time is over; always until a reading has come that began after the request was accepted, so that an answer is
   * never older than the question. @throws OAuthError temporarily_unavailable
   */
  async wait(standing: Standing, { accepted, wait, gone }: Poll): Promise<void> {
    const look = (least: number) => (): boolean | undefined => {
      const told = this.hub.toldTo(standing);
      return !told || (told.asOf >= accepted && told.rows.length >= least) || undefined;
    };
    const { waiters } = this.hub;
    const found = (await waiters.wait(look(1), wait, gone)) ?? (await waiters.wait(look(0), PATIENCE, gone));
    if (!found && !gone.aborted) throw logUnavailable();
  }
}
