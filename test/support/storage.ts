import { Test, type TestingModule } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { Clock } from '../../src/protocol/clock.js';
import { MaintenanceStore } from '../../src/storage/maintenance.store.js';
import { PostgresStorageModule } from '../../src/storage/postgres/postgres-storage.module.js';
import { createDatabase } from './postgres.js';
import { TestClock } from './test-clock.js';

/** The stores on a fresh database, on a clock the test moves. */
export interface TestStorage {
  readonly url: string;
  readonly clock: TestClock;
  readonly module: TestingModule;
  query<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** @param beside another pool on the same database and clock; closed before it */
export async function createStorage(beside?: TestStorage): Promise<TestStorage> {
  const database = beside ? { url: beside.url, drop: () => Promise.resolve() } : await createDatabase();
  const clock = beside?.clock ?? new TestClock();
  const module = await Test.createTestingModule({ imports: [PostgresStorageModule.forRoot({ url: database.url })] })
    .overrideProvider(Clock)
    .useValue(clock)
    .compile();
  await module.init();
  await module.get(MaintenanceStore).prepare(clock.now());
  return {
    url: database.url,
    clock,
    module,
    query: (sql, values = []) => module.get(DataSource).query(sql, [...values]),
    close: async () => {
      await module.close();
      await database.drop();
    },
  };
}
