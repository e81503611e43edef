import { createHash } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { makeKey } from '../../src/issuance/keys/key-material.js';
import { MasterKey } from '../../src/issuance/keys/master-key.js';
import { KeyStore, type KeyPurpose } from '../../src/storage/key.store.js';
import { MaintenanceStore } from '../../src/storage/maintenance.store.js';
import { PostgresStorageModule } from '../../src/storage/postgres/postgres-storage.module.js';

/** Seals the keys of the tests' databases. Of no use elsewhere. */
export const TEST_MASTER_KEY = createHash('sha256').update('the master key of the tests').digest();

const PURPOSES: readonly KeyPurpose[] = ['sign:ES256', 'sign:RS256', 'derive', 'seal:refresh'];

/** Leaves in a migrated database what a service's first start does: keys and partitions. */
export async function startOnce(url: string): Promise<void> {
  const storage = await NestFactory.createApplicationContext(PostgresStorageModule.forRoot({ url }), { logger: ['error', 'fatal'] });
  const now = new Date(Math.floor(Date.now() / 1000) * 1000);
  const masterKey = new MasterKey(TEST_MASTER_KEY);
  await storage.get(MaintenanceStore, { strict: false }).prepare(now);
  for (const purpose of PURPOSES)
    await storage.get(KeyStore, { strict: false }).insert(await makeKey(purpose, masterKey, now, now), undefined);
  await storage.close();
}
