import pg from 'pg';

/** Tables in which anything but the count of failures would show. Partitions are read through their parents. */
const TABLES = [
  'authorizations',
  'token_entry',
  'revocation_log',
  'sign_in_session',
  'users',
  'user_credential',
  'client',
  'client_secret',
  'client_assertion',
  'scope',
  'consent',
  'pushed_request',
  'device_request',
  'user_code',
  'logout_notice',
  'web_session',
  'web_session_logout_token',
  'key',
] as const;

/** A look at the database beside the service. */
export class DatabaseRows {
  private constructor(readonly client: pg.Client) {}

  static async open(url: string): Promise<DatabaseRows> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return new DatabaseRows(client);
  }

  /** Every row of every table, in an order that does not change. */
  async all(): Promise<Record<string, string[]>> {
    const rows = await this.client.query<{ name: string; rows: string[] }>(
      TABLES.map((table) => `select '${table}' as name, coalesce(array_agg(t::text order by t::text), '{}') as rows from ${table} t`).join(
        ' union all ',
      ),
    );
    return Object.fromEntries(rows.rows.map((row) => [row.name, row.rows]));
  }

  /** Forgets who failed how often, so that one test's failures do not lock out the next one. */
  async forgetFailures(): Promise<void> {
    await this.client.query('delete from failure');
  }

  async count(table: 'authorizations' | 'token_entry' | 'sign_in_session'): Promise<number> {
    const { rows } = await this.client.query<{ count: number }>(`select count(*)::int as count from ${table}`);
    return rows[0]?.count ?? 0;
  }

  /** How many rows the log has of what was ended; those of changed configuration end nothing. */
  async endings(): Promise<number> {
    const { rows } = await this.client.query<{ count: number }>('select count(*)::int as count from revocation_log where kind <> 5');
    return rows[0]?.count ?? 0;
  }

  close(): Promise<void> {
    return this.client.end();
  }
}
