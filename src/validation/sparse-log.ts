import type { Logger } from '@nestjs/common';
import type { Clock } from '../protocol/clock.js';

const REPEAT_MS = 60_000;
const MOST_TEXTS = 100;

/** For what may happen with every request: logs each text once a minute. */
export class SparseLog {
  readonly #logged = new Map<string, number>();

  constructor(
    private readonly logger: Logger,
    private readonly clock: Clock,
  ) {}

  report(level: 'error' | 'warn', text: string): void {
    const now = this.clock.now().getTime();
    const last = this.#logged.get(text);
    if (last !== undefined && Math.abs(now - last) < REPEAT_MS) return;
    if (this.#logged.size >= MOST_TEXTS) this.#logged.clear(); // texts are few; this bounds those of applications' own checks
    this.#logged.set(text, now);
    this.logger[level](text);
  }
}
