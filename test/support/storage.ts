import { Test, type TestingModule } from '@nestjs/testing';
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
  close(): Promise<void>;
}

export async function createStorage(): Promise<TestStorage> {
  const database = await createDatabase();
  const clock = new TestClock();
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
    close: async () => {
      await module.close();
      await database.drop();
    },
  };
}
