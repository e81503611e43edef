import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { Clock } from '../../../../src/protocol/clock.js';
import { PostgresStorageModule } from '../../../../src/storage/postgres/postgres-storage.module.js';
import { RevocationLogStore, type LogRow } from '../../../../src/storage/revocation-log.store.js';
import { LogTail } from '../../../../src/validation/feed/log-tail.js';
import { Revocations } from '../../../../src/validation/feed/revocations.js';

export interface ReloadReport {
  readonly held: number;
  /** Bytes, the most that was seen. */
  readonly heap: number;
}

// Reads all of a log once, as a guard does; with HOLD_ROWS as one would who wants the rows together.
const storage = await NestFactory.createApplicationContext(PostgresStorageModule.forRoot({ url: process.env['RELOAD_OF'] ?? '' }), {
  logger: false,
});
const tail = new LogTail(storage.get(RevocationLogStore, { strict: false }), storage.get(Clock, { strict: false }));
const together: LogRow[] | undefined = process.env['HOLD_ROWS'] === 'yes' ? [] : undefined;
tail.start({
  reload: () => {
    const held = new Revocations();
    let heap = 0;
    return {
      add: (rows) => {
        if (together) for (const row of rows) together.push(row);
        held.add(rows, performance.now());
        heap = Math.max(heap, process.memoryUsage().heapUsed);
      },
      complete: () => process.send?.({ held: held.size, heap } satisfies ReloadReport),
    };
  },
  add: () => undefined,
});
process.on('disconnect', () => process.exit(0));
