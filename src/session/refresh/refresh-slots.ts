import { Inject, Injectable } from '@nestjs/common';
import { RefreshFailure } from '../provider/refresh-failure.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';

/** Refreshes at a time: when the provider is slow, more calls would not make it faster. */
const MOST = 20;

/** Lets so many refreshes go on at once; the others wait in the order in which they came, but not for longer than a call may take. */
@Injectable()
export class RefreshSlots {
  private running = 0;
  private readonly waiting = new Set<() => void>();

  constructor(@Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions) {}

  /** @throws RefreshFailure: none became free in time */
  async run<T>(refresh: () => Promise<T>): Promise<T> {
    if (this.running < MOST) this.running++;
    else await this.turn();
    try {
      return await refresh();
    } finally {
      const [next] = this.waiting;
      if (next) next();
      else this.running--;
    }
  }

  /** The slot of somebody who is done. */
  private turn(): Promise<void> {
    return new Promise((resolve, reject) => {
      const mine = (): void => {
        clearTimeout(timer);
        this.waiting.delete(mine);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiting.delete(mine);
        reject(new RefreshFailure('unavailable', new Error('The provider keeps too many others waiting.')));
      }, this.options.refresh.timeout * 1000);
      this.waiting.add(mine);
    });
  }
}
