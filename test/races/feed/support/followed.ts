import { setTimeout as sleep } from 'node:timers/promises';
import { Test } from '@nestjs/testing';
import { Clock } from '../../../../src/protocol/clock.js';
import type { PostgresOptions } from '../../../../src/storage/postgres/data-source.js';
import { PostgresStorageModule } from '../../../../src/storage/postgres/postgres-storage.module.js';
import { RevocationLogStore, type LogCursor, type LogRow } from '../../../../src/storage/revocation-log.store.js';
import { LogTail } from '../../../../src/validation/feed/log-tail.js';

interface Stores {
  get<T>(port: abstract new (...args: never[]) => T): T;
}

/** A database's log, and a tail in this process that follows it from now on. */
export class Followed {
  /** Hexadecimal. */
  readonly came = new Set<string>();
  /** How often the tail began to read all anew. */
  attempts = 0;
  /** How often it has. */
  reloads = 0;
  /** How often the tail said anything at all. Each time makes what it said before younger. */
  reports = 0;
  private readonly tail: LogTail;

  private constructor(
    readonly log: RevocationLogStore,
    readonly clock: Clock,
    private readonly closeStores: () => Promise<void>,
  ) {
    this.tail = new LogTail(log, clock);
    this.tail.start({
      reload: () => {
        this.attempts++;
        return {
          add: (rows) => this.note(rows),
          complete: () => {
            this.reloads++;
            this.reports++;
          },
        };
      },
      add: (rows) => {
        this.note(rows);
        this.reports++;
      },
    });
  }

  /** @param prepare runs before the tail starts */
  static async open(options: PostgresOptions, prepare?: (stores: Stores) => Promise<void>): Promise<Followed> {
    const stores = await Test.createTestingModule({ imports: [PostgresStorageModule.forRoot(options)] }).compile();
    await stores.init();
    const get = <T>(port: abstract new (...args: never[]) => T): T => stores.get(port as never, { strict: false });
    await prepare?.({ get });
    return new Followed(get(RevocationLogStore), get(Clock), () => stores.close());
  }

  /** Where a reading of all of it ends. */
  end(): Promise<LogCursor> {
    return this.log.read(this.clock.now(), () => undefined);
  }

  /** Waits for it, however long that takes. */
  async until(what: () => boolean): Promise<void> {
    while (!what()) await sleep(5);
  }

  close(): Promise<void> {
    this.tail.stop();
    return this.closeStores();
  }

  private note(rows: Iterable<LogRow>): void {
    for (const { key } of rows) this.came.add(key.toString('hex'));
  }
}
