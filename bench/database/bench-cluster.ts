import type pg from 'pg';
import { databaseUrl, onServer } from '../../test/support/on-server.js';
import { startCluster } from '../../test/support/postgres.js';

/** A Postgres with default durability, for the time of a run. */
export interface BenchCluster {
  readonly url: string;
  readonly version: string;
  /** Whether pg_stat_statements counts. */
  readonly countsStatements: boolean;
  /** An empty database of its own. */
  createDatabase(name: string): Promise<string>;
  remove(): Promise<void>;
}

export async function startBenchCluster(): Promise<BenchCluster> {
  const cluster = await startCluster({ durable: true });
  const { version, countsStatements } = await onServer(cluster.url, async (client) => ({
    version: (await one<{ server_version: string }>(client, 'show server_version')).server_version,
    countsStatements: await preload(client),
  }));
  if (countsStatements) {
    await cluster.stop('fast');
    await cluster.start();
    await onServer(cluster.url, (client) => client.query('create extension pg_stat_statements'));
  }
  return {
    url: cluster.url,
    version,
    countsStatements,
    createDatabase: async (name) => {
      await onServer(cluster.url, (client) => client.query(`create database "${name}"`));
      return databaseUrl(cluster.url, name);
    },
    remove: () => cluster.remove(),
  };
}

/** Counts statements from the next start on, where the server can. */
async function preload(client: pg.Client): Promise<boolean> {
  const library = 'pg_stat_statements';
  try {
    await client.query(`load '${library}'`);
  } catch {
    return false;
  }
  await client.query(`alter system set shared_preload_libraries = '${library}'`);
  return true;
}

async function one<Row extends pg.QueryResultRow>(client: pg.Client, sql: string): Promise<Row> {
  const [row] = (await client.query<Row>(sql)).rows;
  if (!row) throw new Error(`No row: ${sql}`);
  return row;
}
