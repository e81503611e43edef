import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { Clock } from '../../../../src/protocol/clock.js';
import { PostgresStorageModule } from '../../../../src/storage/postgres/postgres-storage.module.js';
import { RevocationLogStore, type LogRow } from '../../../../src/storage/revocation-log.store.js';
import { LogTail } from '../../../../src/validation/feed/log-tail.js';
import { machineTime } from './machine-time.js';

/** What a process that follows the log tells of each reading. Times: of the machine. */
export interface TailReport {
  readonly whole: boolean;
  /** Hexadecimal. */
  readonly keys: readonly string[];
  readonly asOf: number;
  readonly at: number;
}

// Follows the log until whoever started it is gone.
const storage = await NestFactory.createApplicationContext(
  PostgresStorageModule.forRoot({ url: process.env['TAIL_OF'] ?? '', poolSize: 2 }),
  {
    logger: ['error', 'fatal'],
  },
);
const tell = (whole: boolean, rows: readonly LogRow[], asOf: number): void => {
  const at = machineTime();
  const report: TailReport = { whole, keys: rows.map(({ key }) => key.toString('hex')), asOf: at - (performance.now() - asOf), at };
  process.send?.(report);
};
new LogTail(storage.get(RevocationLogStore, { strict: false }), storage.get(Clock, { strict: false })).start({
  reload: (asOf) => {
    const all: LogRow[] = [];
    return { add: (rows) => all.push(...rows), complete: () => tell(true, all, asOf) };
  },
  add: (rows, asOf) => tell(false, rows, asOf),
});
process.on('disconnect', () => process.exit(0));
