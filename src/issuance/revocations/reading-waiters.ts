/** Those who wait for a reading of the log. */
export class ReadingWaiters {
  private readonly waiting = new Set<Waiter>();
  private closed = false;

  /**
   * What `look` finds, now or after one of the readings to come. Undefined: nothing within so many milliseconds, or nobody waits for it any more.
   */
  wait<T>(look: () => T | undefined, milliseconds: number, gone: AbortSignal): Promise<T | undefined> {
    const found = look();
    if (found !== undefined || milliseconds <= 0 || gone.aborted || this.closed) return Promise.resolve(found);
    return new Promise((resolve) => {
      const end = (result?: T): void => {
        clearTimeout(timer);
        gone.removeEventListener('abort', giveUp);
        this.waiting.delete(waiter);
        resolve(result);
      };
      const giveUp = (): void => end();
      const waiter: Waiter = {
        look: () => {
          const result = look();
          if (result !== undefined) end(result);
        },
        giveUp,
      };
      const timer = setTimeout(giveUp, milliseconds);
      gone.addEventListener('abort', giveUp);
      this.waiting.add(waiter);
    });
  }

  /** After a reading. */
  lookAgain(): void {
    for (const waiter of this.waiting) waiter.look();
  }

  /** There will be no further reading. */
  close(): void {
    this.closed = true;
    for (const waiter of this.waiting) waiter.giveUp();
  }
}

interface Waiter {
  readonly look: () => void;
  readonly giveUp: () => void;
}
