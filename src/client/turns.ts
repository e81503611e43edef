import { RefreshUnavailableError } from './errors.js';
import type { LockManager } from './platform.js';

/**
 * Milliseconds that a lock is kept after the work: Chromium shows a write to `localStorage` to the other tabs' processes a little later, and without
 * regard to locks, so that the next one might read what is no longer there, and present a spent refresh token.
 */
const SETTLING = 100;

/**
 * One at a time among all who share a storage: by Web Locks where they exist, else within this object only. A tab that is frozen while it holds the
 * lock makes the others wait, hence the limit.
 */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly name: string | undefined,
    private readonly locks: () => LockManager | undefined,
    /** Milliseconds to wait for one's turn. */
    private readonly limit: number,
  ) {}

  /** @throws RefreshUnavailableError when one's turn does not come */
  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(() => this.locked(work));
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private locked<T>(work: () => Promise<T>): Promise<T> {
    const locks = this.name === undefined ? undefined : this.locks();
    if (this.name === undefined || !locks) return work();
    const { name, limit } = this;
    // Settled as soon as the work is done: nobody waits for the lock to be released.
    return new Promise((resolve, reject) => {
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(), limit);
      let begun = false;
      const begin = async (): Promise<void> => {
        begun = true;
        clearTimeout(timer);
        const result = work();
        resolve(result);
        await result.catch(() => undefined);
        await new Promise((settled) => setTimeout(settled, SETTLING));
      };
      locks.request(name, { signal: controller.signal }, begin).catch((error: unknown) => {
        clearTimeout(timer);
        if (begun) return; // somebody took the lock away
        if (controller.signal.aborted) reject(new RefreshUnavailableError('Another tab holds the lock.', { cause: error }));
        else resolve(work()); // where locks are not allowed, as in a sandboxed frame
      });
    });
  }
}
