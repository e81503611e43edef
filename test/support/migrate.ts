import { createDataSource } from '../../src/storage/postgres/data-source.js';

/** Runs the real migrations, through the factory that the service uses. */
export async function migrate(url: string): Promise<void> {
  const dataSource = createDataSource({ url });
  await dataSource.initialize();
  try {
    await dataSource.runMigrations();
  } finally {
    await dataSource.destroy();
  }
}
