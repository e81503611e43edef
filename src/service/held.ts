import type { Log } from './logging/log.js';
import { NestLogger } from './logging/nest-logger.js';

/** What was started, and how to let go of it: in the opposite order. */
export class Held {
  private readonly steps: (() => Promise<unknown>)[] = [];

  constructor(private readonly log: Log) {}

  /** @param release what fails there is logged, and keeps nothing else from being let go of */
  add(release: () => Promise<unknown>): void {
    this.steps.push(release);
  }

  /** Lets go of everything. The second call finds nothing. */
  async release(): Promise<void> {
    for (const step of this.steps.splice(0).reverse()) {
      await step().catch((error: unknown) => new NestLogger(this.log).error(error, 'Shutdown'));
    }
  }
}
