import type { SparseLog } from '../../sparse-log.js';
import { Backoff } from './backoff.js';
import type { FollowFailure } from './follow-failure.js';

/** When to try again, and what the log says meanwhile. It never gives up. */
export class Recovery {
  private readonly backoff = new Backoff();
  private tokenRefused = false;
  private reloads = false;

  constructor(private readonly log: SparseLog) {}

  /** Something was heard. @param undisturbed the next failure has nothing to do with those before */
  heard(undisturbed: boolean): void {
    this.tokenRefused = false;
    if (!undisturbed) return;
    this.reloads = false;
    this.backoff.reset();
  }

  /** @returns milliseconds until the next attempt */
  pauseAfter({ consequence, message, retryAfter }: FollowFailure): number {
    if (consequence === 'token' && !this.tokenRefused) {
      this.tokenRefused = true;
      return 0; // with another one
    }
    if (consequence === 'reload' && !this.reloads) {
      // The service is there: however long it was away, it need not be waited for any more. Unless nothing but this comes of it.
      this.reloads = true;
      this.backoff.reset();
    }
    if (consequence !== 'resume') {
      this.log.report(consequence === 'again' ? 'warn' : 'error', `The revocation feed cannot be followed: ${message}.`);
    }
    return consequence === 'change' ? this.backoff.slowest() : this.backoff.next(retryAfter);
  }
}
