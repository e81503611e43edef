import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { databaseUrl, onServer } from './on-server.js';

export const templateName = 'countersign_template';

/** Makes the database that every test's database is a copy of: migrated, empty. */
export async function createTemplate(adminUrl: string): Promise<void> {
  await onServer(adminUrl, async (client) => {
    await client.query(`drop database if exists ${templateName} with (force)`);
    await client.query(`create database ${templateName}`);
  });
  await migrateTemplate(databaseUrl(adminUrl, templateName));
}

interface MigratableDataSource {
  initialize(): Promise<unknown>;
  runMigrations(): Promise<unknown>;
  destroy(): Promise<void>;
}

/** Runs the real migrations, through the factory that the service uses. */
export async function migrateTemplate(url: string): Promise<void> {
  const factory = new URL('../../src/storage/postgres/data-source.ts', import.meta.url);
  if (!existsSync(fileURLToPath(factory))) return;
  const { createDataSource } = (await import(factory.href)) as {
    createDataSource(options: { url: string }): MigratableDataSource;
  };
  const dataSource = createDataSource({ url });
  await dataSource.initialize();
  try {
    await dataSource.runMigrations();
  } finally {
    await dataSource.destroy();
  }
}
