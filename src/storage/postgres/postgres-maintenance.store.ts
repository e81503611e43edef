import { Injectable } from '@nestjs/common';
import { DAY_MS, LIMITS } from '../../protocol/limits.js';
import { MaintenanceStore, type PruneReport } from '../maintenance.store.js';
import { Database } from './database.js';
import type { Statement } from './statement.js';
import { Partitions } from './partitions.js';

/** Blocks of a table swept at a time, and rows deleted by one statement. */
const BLOCKS_PER_SLICE = 512;
const ROWS_PER_DELETE = 5_000;

@Injectable()
export class PostgresMaintenanceStore extends MaintenanceStore {
  constructor(
    private readonly database: Database,
    private readonly partitions: Partitions,
  ) {
    super();
  }

  override prepare(now: Date): Promise<void> {
    return this.partitions.prepare(now);
  }

  override async prune(now: Date, retention: number): Promise<PruneReport> {
    const before = new Date(now.getTime() - retention * 1000);
    const entries = await this.partitions.drop('token_entry', before);
    const log = await this.partitions.drop('revocation_log', now);
    // An access token may outlive the newest link by its own lifetime, and its entry the end of its day: grants go after their entries, sessions after both.
    const grantsBefore = new Date(before.getTime() - 2 * LIMITS.accessTokenLifetime * 1000);
    return {
      partitionsDropped: entries + log,
      authorizationsDeleted: await this.sweep('authorizations', SWEEP_AUTHORIZATIONS, grantsBefore),
      sessionsDeleted: await this.sweep('sign_in_session', SWEEP_SESSIONS, grantsBefore),
      failuresDeleted: await this.deleteAll(DELETE_FORGOTTEN, now),
      requestsDeleted: await this.deleteRequests(now),
    };
  }

  /** Block range after block range: needs no index, no statement grows with the table, and no rotation is kept from being HOT. */
  private async sweep(table: string, statement: Statement, before: Date): Promise<number> {
    const [size] = await this.database.run<{ blocks: number }>(BLOCKS, [table]);
    let deleted = 0;
    for (let first = 0; first < (size?.blocks ?? 0); first += BLOCKS_PER_SLICE) {
      for (;;) {
        const rows = await this.database.run(statement, [first, first + BLOCKS_PER_SLICE, before, ROWS_PER_DELETE]);
        deleted += rows.length;
        if (rows.length < ROWS_PER_DELETE) break;
      }
    }
    return deleted;
  }

  /** What was short-lived from the beginning. A device that still polls should be told that its code expired. */
  private async deleteRequests(now: Date): Promise<number> {
    const dayAgo = new Date(now.getTime() - DAY_MS);
    const pushed = await this.deleteAll(DELETE_EXPIRED('pushed_request', 'id'), now);
    const device = await this.deleteAll(DELETE_EXPIRED('device_request', 'id'), dayAgo);
    const assertions = await this.deleteAll(DELETE_EXPIRED('client_assertion', 'client, jti_hash'), now);
    return pushed + device + assertions + (await this.deleteAll(DELETE_EXPIRED('logout_notice', 'id'), now));
  }

  private async deleteAll(statement: Statement, before: Date): Promise<number> {
    let deleted = 0;
    for (;;) {
      const { length } = await this.database.run(statement, [before, ROWS_PER_DELETE]);
      deleted += length;
      if (length < ROWS_PER_DELETE) return deleted;
    }
  }
}

const BLOCKS = {
  name: 'table_blocks',
  text: `select (pg_relation_size($1::regclass) / current_setting('block_size')::int)::int as blocks`,
};

/**
 * $1 first block  $2 block after the last  $3 before  $4 limit. What decides is tested again on the newest version of a row, so that a grant redeemed
 * meanwhile stays; locked rows are skipped.
 */
const SWEEP = (table: string, key: string, dead: string): Statement => ({
  name: `sweep_${table}`,
  text: `
delete from ${table} where ${key} in (
  select t.${key} from ${table} t
  where t.ctid >= format('(%s,0)', $1::bigint)::tid and t.ctid < format('(%s,0)', $2::bigint)::tid and ${dead}
  limit $4::int for update of t skip locked)
returning 1`,
});
const SWEEP_AUTHORIZATIONS = SWEEP('authorizations', 'id', 't.ends_at < $3::timestamptz');
const SWEEP_SESSIONS = SWEEP(
  'sign_in_session',
  'sid',
  't.expires_at < $3::timestamptz and not exists (select from authorizations a where a.sid = t.sid)',
);

/** $1 before  $2 limit */
const DELETE_EXPIRED = (table: string, key: string): Statement => ({
  name: `delete_expired_${table}`,
  text: `delete from ${table} where (${key}) in (select ${key} from ${table} where expires_at <= $1::timestamptz limit $2::int for update skip locked) returning 1`,
});

const DELETE_FORGOTTEN = {
  name: 'delete_forgotten',
  text: `delete from failure where key in (select key from failure where forget_at <= $1::timestamptz limit $2::int for update skip locked) returning 1`,
};
