import { RefreshUnavailableError } from './errors.js';
import type { LockManager } from './platform.js';

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

  private async locked<T>(work: () => Promise<T>): Promise<T> {
    const locks = this.name === undefined ? undefined : this.locks();
    if (this.name === undefined || !locks) return work();
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), this.limit);
    let granted = false;
    const begin = (): Promise<T> => {
      granted = true;
      clearTimeout(timer);
      return work();
    };
    try {
      return await locks.request(this.name, { signal: controller.signal }, begin);
    } catch (error) {
      if (granted) throw error;
      if (controller.signal.aborted) throw new RefreshUnavailableError('Another tab holds the lock.', { cause: error });
      return work(); // where locks are not allowed, as in a sandboxed frame
    } finally {
      clearTimeout(timer);
    }
  }
}
