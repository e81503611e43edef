import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ConfigurationChange } from '../configuration-change.js';
import { RevocationKind } from '../revocation.store.js';
import { Database, type Runner } from './database.js';
import { Partitions } from './partitions.js';
import { LOG, logRowEnd } from './revocation.sql.js';

/** Changes configuration, and says so in the log by the same transaction. */
@Injectable()
export class ConfigurationWriter {
  constructor(
    private readonly database: Database,
    private readonly partitions: Partitions,
  ) {}

  /** By repositories. Nothing is logged where the work says that nothing has changed. @throws StorageUnavailableError */
  byManager(change: ConfigurationChange, now: Date, work: (manager: EntityManager) => Promise<boolean>): Promise<boolean> {
    const transaction = (): Promise<boolean> =>
      this.database.dataSource.transaction(async (manager) => {
        const changed = await work(manager);
        if (changed) await manager.query(LOG.text, changeRow(change, now));
        return changed;
      });
    return this.partitions.logging(now, () => this.database.guarded(transaction));
  }

  /** The same by statements. */
  byStatements(change: ConfigurationChange, now: Date, work: (runner: Runner) => Promise<boolean>): Promise<boolean> {
    const transaction = async (runner: Runner): Promise<boolean> => {
      const changed = await work(runner);
      if (changed) await logChange(runner, change, now);
      return changed;
    };
    return this.partitions.logging(now, () => this.database.transaction(transaction));
  }
}

/** Inside a transaction that ends something else, too. */
export async function logChange(runner: Runner, change: ConfigurationChange, now: Date): Promise<void> {
  await runner.run(LOG, changeRow(change, now));
}

/** It ends no token, and is kept as long as those that do: the log is dropped by the day. */
const changeRow = (change: ConfigurationChange, now: Date): unknown[] => [
  RevocationKind.configuration,
  Buffer.from(change),
  null,
  now,
  logRowEnd(now),
];
