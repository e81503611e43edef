import { Inject, Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '../protocol/clock.js';
import { SESSION_CLOCK } from './session-clock.js';
import { SessionRecords } from './state/session-records.js';

/** Milliseconds. */
const PERIOD = 600_000;
/** Rows that are locked at once. */
const BATCH = 500;

/** Deletes the rows of sessions that have ended by themselves, from time to time and in every process: they do not wait for each other. */
@Injectable()
export class SessionPruning implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger('Sessions');
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly records: SessionRecords,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    if (this.records.store) this.timer = setInterval(() => void this.round(), PERIOD).unref();
  }

  beforeApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** How many were deleted. What cannot be deleted now is left to the next round. */
  async round(): Promise<number> {
    const { store } = this.records;
    if (!store) return 0;
    try {
      return (
        (await this.batches((most) => store.prune(this.clock.now(), most))) +
        (await this.batches((most) => store.pruneSeen(this.clock.now(), most)))
      );
    } catch (error) {
      this.logger.warn({ msg: 'Ended sessions could not be deleted', err: error });
      return 0;
    }
  }

  private async batches(batch: (most: number) => Promise<number>): Promise<number> {
    for (let deleted = 0; ;) {
      const last = await batch(BATCH);
      deleted += last;
      if (last < BATCH) return deleted;
    }
  }
}
