import { setTimeout as sleep } from 'node:timers/promises';
import { Test } from '@nestjs/testing';
import { MaintenanceStore } from '../../../src/storage/maintenance.store.js';
import { PostgresStorageModule } from '../../../src/storage/postgres/postgres-storage.module.js';
import { migrate } from '../../support/migrate.js';
import { databaseUrl, onServer } from '../../support/on-server.js';
import { startCluster, type TestCluster } from '../../support/postgres.js';
import { report } from '../support/figures.js';
import { PATIENCE, rounds, SOAK } from '../support/size.js';
import { machineTime } from './support/machine-time.js';
import { followNaively } from './support/naive-cursor.js';
import { percentiles } from './support/percentiles.js';
import { TailProcess } from './support/start-tail-process.js';
import { INSERT, Ledger, NAIVE_TABLE, newKey, write } from './support/writers.js';

const WRITERS = 32;
const MILLISECONDS = rounds(3_000, 30_000);
/** How long a transaction of another database, and a prepared one, stand about. */
const IDLE = rounds(2_000, 5_000);

let cluster: TestCluster;
let tails: readonly TailProcess[] = [];
const ledger = new Ledger();

beforeAll(async () => {
  cluster = await startCluster({ durable: false });
  await onServer(cluster.url, (client) => client.query('alter system set max_prepared_transactions = 4'));
  await cluster.stop('fast');
  await cluster.start();
  await migrate(cluster.url);
  const storage = await Test.createTestingModule({ imports: [PostgresStorageModule.forRoot({ url: cluster.url })] }).compile();
  await storage.get(MaintenanceStore, { strict: false }).prepare(new Date());
  await storage.close();
  await onServer(cluster.url, (client) => client.query(NAIVE_TABLE));
  tails = await Promise.all([TailProcess.start(cluster.url), TailProcess.start(cluster.url)]);
}, PATIENCE);

afterAll(async () => {
  await Promise.all(tails.map((tail) => tail.stop()));
  await cluster?.remove();
});

/** Holds a transaction number in another database of the server. Returns how many of the rows that were committed meanwhile had come before it ended. */
const idleElsewhere = (): Promise<number[]> =>
  onServer(databaseUrl(cluster.url, 'postgres'), async (client) => {
    await client.query('begin');
    await client.query('select pg_current_xact_id()');
    const began = machineTime();
    await sleep(IDLE);
    const came = tails.map((tail) => [...tail.came.keys()].filter((key) => (ledger.committed.get(key) ?? 0) > began).length);
    await client.query('rollback');
    return came;
  });

/** A transaction that outlives its connection. Returns whether its row came before it was committed. */
async function prepared(): Promise<boolean> {
  const key = newKey();
  await onServer(cluster.url, async (client) => {
    await client.query('begin');
    await client.query({ ...INSERT, values: [key] });
    await client.query(`prepare transaction 'long'`);
  });
  await sleep(IDLE / 2);
  const moment = machineTime();
  await Promise.all(tails.map((tail) => tail.hasRead(moment)));
  const early = tails.some((tail) => tail.came.has(key));
  ledger.committed.set(key, machineTime());
  await onServer(cluster.url, (client) => client.query(`commit prepared 'long'`));
  return early;
}

// Seen to fail: without the numbers that were under way (900 rows missed), and with a reading that begins 40 numbers early (1,100 came twice).
describe(`The log while ${WRITERS} writers hold, roll back and set savepoints, and a transaction of another database is idle`, () => {
  let cameMeanwhile: number[];
  let cameEarly: boolean;
  let naive: { bySequence: Set<string>; byTime: Set<string> };

  beforeAll(async () => {
    const over = new AbortController();
    const [bySequence, byTime] = (['seq', 'created_at'] as const).map((column) => followNaively(cluster.url, column, over.signal));
    const until = machineTime() + MILLISECONDS;
    const writers = Array.from({ length: WRITERS }, () => write(cluster.url, ledger, until));
    [cameMeanwhile, cameEarly] = await Promise.all([idleElsewhere(), prepared(), ...writers]);
    over.abort();
    naive = { bySequence: (await bySequence) ?? new Set(), byTime: (await byTime) ?? new Set() };
    const moment = machineTime();
    await Promise.all(tails.map((tail) => tail.hasRead(moment)));
  }, PATIENCE);

  it('reaches each of two processes completely, each row once, though neither ever read all of it anew', () => {
    const committed = [...ledger.committed.keys()];
    expect(committed.length).toBeGreaterThan(WRITERS);
    for (const { came, reloads } of tails) {
      const missed = committed.filter((key) => !came.has(key)).length;
      const twice = [...came.values()].filter((times) => times.length > 1).length;
      expect({ reloads, missed, twice, rows: came.size }).toEqual({ reloads: 1, missed: 0, twice: 0, rows: committed.length });
    }
    if (!SOAK) return;
    const delays = tails.flatMap(({ came }) => committed.map((key) => (came.get(key)?.[0] ?? NaN) - (ledger.committed.get(key) ?? NaN)));
    report(`${committed.length} rows, from commit to delivery: ${percentiles(delays)}`);
  });

  it('tells nobody of what was rolled back', () => {
    expect(ledger.undone.size).toBeGreaterThan(0);
    for (const { came } of tails) expect([...ledger.undone].filter((key) => came.has(key))).toEqual([]);
  });

  it('does not wait for the idle transaction', () => {
    for (const came of cameMeanwhile) expect(came).toBeGreaterThan(WRITERS);
  });

  it('tells of a prepared transaction when it is committed', () => {
    expect(cameEarly).toBe(false); // that it came afterwards, and once, is shown above
  });

  // Without this, nothing above would show that there was anything to miss.
  it.each([
    ['the highest number of a sequence', 'bySequence'],
    ['the latest time', 'byTime'],
  ] as const)('loses rows for those who go by %s', (_, way) => {
    const missed = [...ledger.committed.keys()].filter((key) => !naive[way].has(key)).length;
    if (SOAK) report(`${way}: ${missed} of ${ledger.committed.size} missed`);
    expect(missed).toBeGreaterThan(0);
  });
});
