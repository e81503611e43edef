import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import type { LogCursor, LogReader, RevocationLogStore } from '../../storage/revocation-log.store.js';
import { SparseLog } from '../sparse-log.js';
import { FeedSource, type FeedListener } from './feed-source.js';
import { GRACE } from './revoked-ids.js';

/** Milliseconds between two readings: half of what a revocation takes on its way, on average. */
const PERIOD = 50;
/** From the beginning of one to that of the next, at most, while the database is away. */
const LONGEST_PERIOD = 1_000;

/** Who also wants to know where a reading ends: those who pass it on. */
export interface ReadingListener extends FeedListener {
  read?(cursor: LogCursor, asOf: number): void;
}

/** Follows the revocation log in the database: one reading after the other, each from where the one before ended. */
export class LogTail extends FeedSource {
  private readonly failures: SparseLog;
  private stopping: AbortController | undefined;

  constructor(
    private readonly store: RevocationLogStore,
    private readonly clock: Clock,
  ) {
    super();
    this.failures = new SparseLog(new Logger(LogTail.name), clock);
  }

  override start(listener: ReadingListener): void {
    this.stopping = new AbortController();
    void this.follow(listener, this.stopping.signal);
  }

  override stop(): void {
    this.stopping?.abort();
  }

  private async follow(listener: ReadingListener, stopped: AbortSignal): Promise<void> {
    const log = this.store.open();
    let period = PERIOD;
    for (let last: LogCursor | undefined; !stopped.aborted;) {
      const began = performance.now();
      try {
        last = await (last ? readOn(log, last, listener, stopped) : this.readAll(log, listener, stopped));
        period = PERIOD;
      } catch (error) {
        if (!stopped.aborted)
          this.failures.report('error', `The revocation log cannot be read: ${error instanceof Error ? error.message : 'unknown'}`);
        // The database may have lived through anything meanwhile: all of it is read anew.
        last = undefined;
        period = Math.min(2 * period, LONGEST_PERIOD);
      }
      // Where nothing answers, the wait for an answer was long enough.
      await pause(Math.max(PERIOD, period - (performance.now() - began)), stopped);
    }
    await log.close();
  }

  private async readAll(log: LogReader, listener: ReadingListener, stopped: AbortSignal): Promise<LogCursor> {
    const asOf = performance.now();
    const reloading = listener.reload(asOf);
    // For as long as what is held is kept: our clock may be ahead of those by which tokens are judged.
    const cursor = await log.read(new Date(this.clock.now().getTime() - GRACE), (rows) => {
      stopped.throwIfAborted();
      reloading.add(rows);
    });
    stopped.throwIfAborted();
    reloading.complete();
    listener.read?.(cursor, asOf);
    return cursor;
  }
}

/** Undefined: from there nobody can. */
async function readOn(log: LogReader, last: LogCursor, listener: ReadingListener, stopped: AbortSignal): Promise<LogCursor | undefined> {
  const asOf = performance.now();
  const reading = await log.readSince(last);
  stopped.throwIfAborted();
  if (!reading) return undefined;
  listener.add(reading.rows, asOf);
  listener.read?.(reading.cursor, asOf);
  return reading.cursor;
}

const pause = (milliseconds: number, stopped: AbortSignal): Promise<void> =>
  sleep(milliseconds, undefined, { signal: stopped, ref: false }).catch(() => undefined);
