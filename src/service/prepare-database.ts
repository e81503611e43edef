import { setTimeout as sleep } from 'node:timers/promises';
import { migrations } from '../../migrations/index.js';
import { createDataSource } from '../storage/postgres/data-source.js';
import { sqlState } from '../storage/postgres/database.js';
import type { Statement } from '../storage/postgres/statement.js';

const OLDEST_SERVER = 150_000;
const ATTEMPTS = 20;
/** Somebody else made the same table at this moment. */
const MADE_MEANWHILE = new Set(['42P07', '42710', '23505']);

type Connection = ReturnType<typeof createDataSource>;

/** Names of the migrations that the database has seen. */
export const MIGRATIONS_APPLIED: Statement = { name: 'migrations_applied', text: 'select name from migration' };

export const missingMigrations = (applied: readonly string[]): string[] =>
  migrations.map((migration) => migration.name).filter((name) => !applied.includes(name));

/**
 * Connects, refuses servers that are too old, and brings the tables up to date, or with `migrate` off refuses a database that is not.
 * Any number of instances may do so at once. Returns the names of the migrations that it ran.
 * @throws Error that says what to change
 */
export async function prepareDatabase(url: string, options: { readonly migrate: boolean }): Promise<string[]> {
  // One connection holds the lock, another migrates. Either may take long on a large database, or wait for a neighbour.
  const connection = createDataSource({ url, poolSize: 2, statementTimeout: 0 });
  await connection.initialize().catch((error: unknown) => {
    throw new Error(`The database cannot be reached: ${reason(error)}. Check DATABASE_URL and that the server runs.`);
  });
  try {
    await refuseOldServer(connection);
    const missing = missingMigrations(await appliedTo(connection));
    if (missing.length === 0) return [];
    if (!options.migrate) {
      throw new Error(
        `The database lacks ${missing.length} of ${migrations.length} migrations: run \`countersign migrate\`, or set AUTO_MIGRATE=on.`,
      );
    }
    return await migrateAlone(connection);
  } finally {
    await connection.destroy();
  }
}

/** How many connections the server allows to accounts that are no superusers. */
export async function connectionsAllowed(url: string): Promise<number> {
  const connection = await createDataSource({ url, poolSize: 1 }).initialize();
  try {
    const [{ allowed }] = (await connection.query(
      `select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as allowed`,
    )) as [{ allowed: number }];
    return allowed;
  } finally {
    await connection.destroy();
  }
}

async function refuseOldServer(connection: Connection): Promise<void> {
  const [{ version, text }] = (await connection.query(
    `select current_setting('server_version_num')::int as version, current_setting('server_version') as text`,
  )) as [{ version: number; text: string }];
  if (version < OLDEST_SERVER) throw new Error(`The database server is PostgreSQL ${text}: version 15 or later is needed.`);
}

async function appliedTo(connection: Connection): Promise<string[]> {
  const [{ table }] = (await connection.query(`select to_regclass('migration') as table`)) as [{ table: string | null }];
  if (table === null) return [];
  return ((await connection.query(MIGRATIONS_APPLIED.text)) as { name: string }[]).map(({ name }) => name);
}

/**
 * Two migrators at once would run a migration twice: TypeORM looks before it begins its transaction. A row lock lets one at a time through, on every
 * engine that has rows, and is gone with the connection of whoever dies.
 */
async function migrateAlone(connection: Connection): Promise<string[]> {
  await makeLockTable(connection);
  const lock = connection.createQueryRunner();
  try {
    await lock.query('begin');
    await lock.query('select id from migration_lock where id = 1 for update');
    return (await connection.runMigrations({ transaction: 'all' })).map(({ name }) => name);
  } finally {
    await lock.query('rollback').catch(() => undefined);
    await lock.release();
  }
}

async function makeLockTable(connection: Connection): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await connection.query('create table if not exists migration_lock (id int primary key)');
      await connection.query('insert into migration_lock (id) values (1) on conflict do nothing');
      return;
    } catch (error) {
      // `if not exists` looks and makes in two steps.
      if (!MADE_MEANWHILE.has(sqlState(error) ?? '') || attempt === ATTEMPTS) throw error;
      await sleep(10 * attempt);
    }
  }
}

/** The driver's words name host, port and account; never the password. */
function reason(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  return message || code || 'unknown error';
}
