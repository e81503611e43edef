import { Test } from '@nestjs/testing';
import { Clock } from '../../../src/protocol/clock.js';
import { PostgresStorageModule } from '../../../src/storage/postgres/postgres-storage.module.js';
import type { Stores } from '../../support/chain.js';

/** The stores beside a service, for as long as `work` takes. */
export async function asOperator<T>(databaseUrl: string, work: (operator: Stores) => Promise<T>): Promise<T> {
  const stores = await Test.createTestingModule({ imports: [PostgresStorageModule.forRoot({ url: databaseUrl })] }).compile();
  try {
    return await work({
      clock: stores.get(Clock),
      get: <Port>(port: abstract new (...args: never[]) => Port): Port => stores.get(port as never),
    });
  } finally {
    await stores.close();
  }
}
