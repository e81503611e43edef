import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import pg from 'pg';
import { PostgresStorageModule } from '../../src/storage/postgres/postgres-storage.module.js';
import { migrate } from '../../test/support/migrate.js';
import { databaseUrl } from '../../test/support/on-server.js';
import { startCluster, type TestCluster } from '../../test/support/postgres.js';

/** A migrated database on a durable cluster, and the product's stores on it. */
export class MeasuredDatabase {
  private constructor(
    readonly url: string,
    private readonly cluster: TestCluster,
    private readonly app: INestApplicationContext,
    /** For what the product has no statement for. Without the product's time limit. */
    readonly sql: pg.Client,
  ) {}

  static async open(cluster: TestCluster, name: string): Promise<MeasuredDatabase> {
    await once(cluster.url, `create database ${name}`);
    const url = databaseUrl(cluster.url, name);
    await migrate(url);
    const app = await NestFactory.createApplicationContext(PostgresStorageModule.forRoot({ url }), { logger: ['error'] });
    const sql = new pg.Client({ connectionString: url });
    await sql.connect();
    return new MeasuredDatabase(url, cluster, app, sql);
  }

  get postmaster(): number {
    return this.cluster.pid;
  }

  get<T>(provider: abstract new (...args: never[]) => T): T {
    return this.app.get<T>(provider, { strict: false });
  }

  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.sql.query<Row>(text, [...values])).rows;
  }

  async close(): Promise<void> {
    await this.sql.end();
    await this.app.close();
  }
}

/** With default durability. The settings are those one gives a server of that size; they need a second start. */
export async function startMeasuredCluster(sharedBuffers: string): Promise<TestCluster> {
  const cluster = await startCluster({ durable: true });
  if (sharedBuffers !== 'default') await once(cluster.url, `alter system set shared_buffers = '${sharedBuffers}'`);
  await once(cluster.url, `alter system set max_wal_size = '4GB'`);
  await cluster.stop('fast');
  await cluster.start();
  return cluster;
}

async function once(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql);
  await client.end();
}
