import { Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { Database } from './database.js';

/**
 * The database's time: its offset is measured, between measurements the machine's monotonic clock goes on. The machine's own date never matters,
 * so that instances agree to within the drift of a minute, and their round trips, whatever their clocks say.
 */
@Injectable()
export class DatabaseClock extends Clock {
  private base: { readonly date: number; readonly monotonic: number } | undefined;
  private lastDrift = 0;

  constructor(private readonly database: Database) {
    super();
  }

  override now(): Date {
    if (!this.base) throw new Error('The clock was not synchronized with the database yet.');
    return new Date(this.at(performance.now()));
  }

  /** Milliseconds by which the last measurement differed from what this clock said. */
  get drift(): number {
    return this.lastDrift;
  }

  /** Measures anew. Call it at start and each minute. @throws StorageUnavailableError */
  async synchronize(): Promise<void> {
    const sent = performance.now();
    const [row] = await this.database.run<{ now: number }>(DATABASE_TIME, []);
    if (!row) throw new Error('The database did not tell the time.');
    const monotonic = (sent + performance.now()) / 2;
    this.lastDrift = this.base ? row.now - this.at(monotonic) : 0;
    this.base = { date: row.now, monotonic };
  }

  private at(monotonic: number): number {
    return this.base ? this.base.date + monotonic - this.base.monotonic : 0;
  }
}

const DATABASE_TIME = { name: 'database_time', text: `select extract(epoch from clock_timestamp())::float8 * 1000 as now` };
