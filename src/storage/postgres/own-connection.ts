import pg from 'pg';
import { Database, poolOf } from './database.js';

/** Milliseconds without a word after which a connection is given up. */
const SILENCE = 2_000;

/**
 * One connection beside the pool, for somebody who must wait neither for others nor long for the database. A statement that is not answered within 2 s
 * fails and takes the connection along; the next one makes another.
 */
export class OwnConnection extends Database {
  private own: pg.Pool | undefined;

  /** @param name as which the server lists it (`pg_stat_activity.application_name`) */
  constructor(
    shared: Database,
    private readonly name: string,
  ) {
    super(shared.dataSource);
  }

  /** A statement that is under way ends by itself. */
  async close(): Promise<void> {
    await this.own?.end();
  }

  protected override get pool(): pg.Pool {
    return (this.own ??= this.open());
  }

  private open(): pg.Pool {
    const { options } = poolOf(this.dataSource);
    const limits = { connectionTimeoutMillis: SILENCE, query_timeout: SILENCE, statement_timeout: SILENCE };
    // The password is not enumerable there.
    const own = new pg.Pool({ ...options, password: options.password, ...limits, application_name: this.name, max: 1 });
    return own.on('error', () => undefined); // lost while idle
  }
}
