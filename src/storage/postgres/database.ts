import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Pool, QueryResult } from 'pg';
import { DataSource, QueryRunnerAlreadyReleasedError } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { StorageUnavailableError } from '../storage-unavailable.error.js';
import type { Statement } from './statement.js';
import type { SharedRun } from './shared-sql.js';

/** What statements run on: the pool, or one connection inside a transaction. */
export interface Runner {
  run<Row extends object>(statement: Statement, values: readonly unknown[]): Promise<Row[]>;
}

/** SQLSTATEs a caller may answer by itself. */
export const SqlState = {
  noPartition: '23514',
  uniqueViolation: '23505',
  serializationFailure: '40001',
  deadlock: '40P01',
  notNullViolation: '23502',
  lockNotAvailable: '55P03',
} as const;

/**
 * Where the database's own isolation level is stricter than READ COMMITTED, of all that wait for one row only one gets through at a time, and each of
 * the others starts again: 64 of them on one row took up to 10 attempts (test/races/isolation).
 */
const ATTEMPTS = 25;
/** Milliseconds; it doubles up to the longest, and a random part of it is slept, or they would all meet again. */
const FIRST_PAUSE = 5;
const LONGEST_PAUSE = 100;
// Connection exceptions, refused log-ins, no such database, shutdown, crash recovery, too many connections, time-outs, idle transactions, a standby, no end of
// serialization failures.
const UNAVAILABLE = /^(08...|28...|3D000|57P0[1-5]|53...|57014|55P03|25P03|25006|40001|40P01)$/;

/** Hot-path SQL: named prepared statements on the DataSource's own pool. */
@Injectable()
export class Database implements Runner {
  constructor(readonly dataSource: DataSource) {}

  /** Runs one statement in a transaction of its own. Serialization failures are repeated. @throws StorageUnavailableError */
  run<Row extends object>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    return repeated(async () => ((await this.pool.query({ ...statement, values: [...values] })) as QueryResult<Row>).rows);
  }

  /** Runs what calls share in a transaction of its own. A call has one row at most: each gets its own, in their order. @throws StorageUnavailableError */
  async share<Row extends object>({ statement, values, calls }: SharedRun): Promise<(Row | undefined)[]> {
    const rows = await this.run<Row & { readonly n?: string }>(statement, values);
    if (calls === 1) return [rows[0]];
    const answers = new Array<Row | undefined>(calls).fill(undefined);
    for (const row of rows) answers[Number(row.n) - 1] = row;
    return answers;
  }

  /** Runs statements without parameters and without preparing them, for definitions of tables. @throws StorageUnavailableError */
  async script(sql: string): Promise<void> {
    await repeated(() => this.pool.query(sql));
  }

  /**
   * Runs several statements in one transaction. The whole of it is repeated on a serialization failure.
   * @param begin SQL that begins it, and says of what kind it is
   * @throws StorageUnavailableError
   */
  transaction<T>(work: (runner: Runner) => Promise<T>, begin = 'begin'): Promise<T> {
    return repeated(async () => {
      const client = await this.pool.connect();
      client.on('error', ignore); // between two statements; the next one tells. Nobody else listens while the connection is ours.
      let broken: Error | undefined;
      try {
        await client.query(begin);
        const result = await work({
          run: async <Row extends object>(statement: Statement, values: readonly unknown[]) =>
            ((await client.query({ ...statement, values: [...values] })) as QueryResult<Row>).rows,
        });
        await client.query('commit');
        return result;
      } catch (error) {
        // Whoever did not answer would not answer to this either.
        if (isLost(error)) broken = error;
        else await client.query('rollback').catch((cause: unknown) => (broken = cause as Error));
        throw error;
      } finally {
        client.release(broken);
        client.off('error', ignore);
      }
    });
  }

  /** Runs repository calls with the same handling of failures. @throws StorageUnavailableError */
  guarded<T>(work: () => Promise<T>): Promise<T> {
    return repeated(work);
  }

  protected get pool(): Pool {
    return poolOf(this.dataSource);
  }
}

/** @throws StorageUnavailableError */
export function poolOf(dataSource: DataSource): Pool {
  const pool = (dataSource.driver as PostgresDriver).master as Pool | undefined;
  if (!pool) throw new StorageUnavailableError(new Error('The data source is closed.'));
  return pool;
}

/** The SQLSTATE of a database error, if it is one. */
export const sqlState = (error: unknown): string | undefined => {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
};

/** Whether a statement waited in vain for what something else holds: the database itself is there. */
export const isHeldUp = (error: unknown): boolean =>
  error instanceof StorageUnavailableError && sqlState(error.cause) === SqlState.lockNotAvailable;

async function repeated<T>(attempt: () => Promise<T>): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await attempt();
    } catch (error) {
      const state = sqlState(error);
      if ((state === SqlState.serializationFailure || state === SqlState.deadlock) && n < ATTEMPTS) {
        await sleep(Math.random() * Math.min(FIRST_PAUSE * 2 ** (n - 1), LONGEST_PAUSE));
        continue;
      }
      throw isUnavailable(error, state) ? new StorageUnavailableError(error) : error;
    }
  }
}

const ignore = (): void => undefined;

/** Of the socket; an SQLSTATE has digits. */
const isSocketError = (code: string): boolean => /^E[A-Z]+$/.test(code);

/** Whether the connection is gone, or nothing was heard of it in time. */
function isLost(error: unknown): error is Error {
  const code = sqlState(error);
  return code === undefined ? isUnavailable(error, code) : isSocketError(code);
}

/** Errors without an SQLSTATE come from the socket or the pool, but for programming errors, which do not speak of those. */
function isUnavailable(error: unknown, state: string | undefined): boolean {
  if (error instanceof StorageUnavailableError) return false;
  if (state !== undefined) return UNAVAILABLE.test(state) || isSocketError(state);
  // TypeORM's word for a connection that was lost between two statements of a transaction.
  if (error instanceof QueryRunnerAlreadyReleasedError) return true;
  return /connection|timeout|pool/i.test(String((error as { message?: unknown } | undefined)?.message));
}
