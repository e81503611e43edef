import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { DAY_MS, LIMITS } from '../../protocol/limits.js';
import { Database, sqlState, SqlState } from './database.js';
import { logRowEnd } from './revocation.sql.js';

/** A partitioned table whose partitions each hold one day, named `<table>_<days since the epoch>`. */
type PartitionedTable = 'token_entry' | 'revocation_log';

/** What writes rows needs partitions for. */
export interface PartitionNeeds {
  /** Of entries. */
  readonly buckets: readonly number[];
  /** When a log row is written. */
  readonly now: Date;
}

/** Days ahead of the longest-lived token for which partitions are kept ready. */
const DAYS_AHEAD = 2;
const ATTEMPTS = 5;
// Another instance made it at the same moment: duplicate table, type or object, or a range that is there already.
const MADE_MEANWHILE = new Set(['42P07', '42710', '23505', '42P17']);

/** Makes and drops the daily partitions. */
@Injectable()
export class Partitions {
  constructor(private readonly database: Database) {}

  /** Makes what tokens issued from now until two days on may need. */
  async prepare(now: Date): Promise<void> {
    const today = dayOf(now);
    const lastExpiry = today + LIMITS.refreshTokenLifetime / (DAY_MS / 1000) + DAYS_AHEAD;
    await this.makeMissing('token_entry', range(today, lastExpiry));
    await this.makeMissing('revocation_log', range(today, dayOf(logRowEnd(now)) + DAYS_AHEAD));
  }

  /** Makes the partitions of these buckets, and that of a log row that is kept until then. */
  async make({ buckets, logUntil }: { buckets: readonly number[]; logUntil: Date }): Promise<void> {
    await this.makeMissing('token_entry', [...new Set(buckets)]);
    await this.makeMissing('revocation_log', [dayOf(logUntil)]);
  }

  /**
   * Runs what writes entries or a log row. Partitions are made ahead; should one be missing all the same (a clock moved, maintenance stood still), it is
   * made and the work repeated: neither a token nor a revocation must fail for want of it.
   * @param needs what is asked only then: the buckets of the entries, and the moment of the log row
   */
  async supplying<T>(needs: () => PartitionNeeds, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (sqlState(error) !== SqlState.noPartition || attempt === ATTEMPTS) throw error;
        // What another has just attached can be seen a moment before its backend tells the other ones of it.
        if (attempt > 1) await sleep(attempt * 10);
        const { buckets, now } = needs();
        await this.make({ buckets, logUntil: logRowEnd(now) });
      }
    }
  }

  /** The same for what writes nothing but a log row. */
  logging<T>(now: Date, work: () => Promise<T>): Promise<T> {
    return this.supplying(() => ({ now, buckets: [] }), work);
  }

  /** Drops every partition whose day ended before `before`. Returns how many. */
  async drop(table: PartitionedTable, before: Date): Promise<number> {
    let dropped = 0;
    for (const partition of await this.list(table)) {
      if (partition.day + 1 > Math.floor(before.getTime() / DAY_MS)) continue;
      const name = `${table}_${partition.day}`;
      // Detaching concurrently blocks neither readers nor writers; an interrupted one must be finalized first.
      if (partition.state === 'attached') await this.execute(`alter table ${table} detach partition ${name} concurrently`);
      if (partition.state === 'detaching') await this.execute(`alter table ${table} detach partition ${name} finalize`);
      await this.execute(`set local lock_timeout = '2s'; drop table if exists ${name}`);
      dropped++;
    }
    return dropped;
  }

  private async makeMissing(table: PartitionedTable, days: readonly number[]): Promise<void> {
    const present = new Set((await this.list(table)).map((partition) => partition.day));
    for (const day of days) if (!present.has(day)) await this.makeOne(table, day);
  }

  /** `create … partition of` would lock out readers; a stand-alone table with a matching check is attached without a scan and without that lock. */
  private async makeOne(table: PartitionedTable, day: number): Promise<void> {
    const name = `${table}_${day}`;
    const { column, from, to } = bounds(table, day);
    try {
      await this.execute(`
        set local lock_timeout = '2s';
        create table ${name} (like ${table} including defaults including indexes,
          constraint ${name}_day check (${column} is not null and ${column} >= ${from} and ${column} < ${to}));
        alter table ${table} attach partition ${name} for values from (${from}) to (${to})`);
    } catch (error) {
      if (!MADE_MEANWHILE.has(sqlState(error) ?? '')) throw error;
    }
  }

  /** All tables named like partitions: those detached but not yet dropped too. */
  private list(table: PartitionedTable): Promise<{ day: number; state: 'attached' | 'detaching' | 'detached' }[]> {
    return this.database.run(
      {
        name: 'partitions',
        text: `
select substring(c.relname from '[0-9]+$')::int as day,
       case when i.inhrelid is null then 'detached' when i.inhdetachpending then 'detaching' else 'attached' end as state
from pg_class c left join pg_inherits i on i.inhrelid = c.oid and i.inhparent = to_regclass($1::text)
where c.relkind = 'r' and c.relnamespace = (select relnamespace from pg_class where oid = to_regclass($1)) and c.relname ~ ('^' || $1 || '_[0-9]+$')
order by 1`,
      },
      [table],
    );
  }

  /** Several statements in one message are one transaction. */
  private async execute(sql: string): Promise<void> {
    await this.database.script(sql);
  }
}

const dayOf = (date: Date): number => Math.floor(date.getTime() / DAY_MS);

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, index) => first + index);

function bounds(table: PartitionedTable, day: number): { column: string; from: string; to: string } {
  if (table === 'token_entry') return { column: 'bucket', from: `${day}`, to: `${day + 1}` };
  const moment = (d: number): string => `'${new Date(d * DAY_MS).toISOString()}'`;
  return { column: 'expires_at', from: moment(day), to: moment(day + 1) };
}
