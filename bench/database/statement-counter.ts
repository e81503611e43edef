import pg from 'pg';
import type { BenchCluster } from './bench-cluster.js';

const STATEMENTS =
  'select coalesce(sum(calls), 0)::float8 as count from pg_stat_statements s join pg_database d on d.oid = s.dbid where datname = $1';
const TRANSACTIONS = 'select (xact_commit + xact_rollback)::float8 as count from pg_stat_database where datname = $1';

/** How much a database was asked: by pg_stat_statements, BEGIN and COMMIT included, or else by the number of transactions. */
export class StatementCounter {
  private constructor(
    private readonly client: pg.Client,
    readonly counts: 'statements' | 'transactions',
  ) {}

  static async connect({ url, countsStatements }: BenchCluster): Promise<StatementCounter> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return new StatementCounter(client, countsStatements ? 'statements' : 'transactions');
  }

  /** @param database its URL */
  async read(database: string): Promise<number> {
    const sql = this.counts === 'statements' ? STATEMENTS : TRANSACTIONS;
    return (await this.client.query<{ count: number }>(sql, [new URL(database).pathname.slice(1)])).rows[0]?.count ?? NaN;
  }

  close(): Promise<void> {
    return this.client.end();
  }
}
