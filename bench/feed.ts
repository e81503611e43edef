/**
 * Measures what it costs to follow the revocation log, by log size: a reading that finds nothing, one that finds a thousand rows, and one of the whole
 * with the most it takes of memory meanwhile, garbage included. `node --import ./test/support/typescript.mjs bench/feed.ts`; ROUNDS may be set.
 */
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { MaintenanceStore } from '../src/storage/maintenance.store.js';
import { PostgresStorageModule } from '../src/storage/postgres/postgres-storage.module.js';
import { RevocationLogStore, type LogCursor } from '../src/storage/revocation-log.store.js';
import { migrate } from '../test/support/migrate.js';
import { startCluster } from '../test/support/postgres.js';

const rounds = Number(process.env['ROUNDS'] ?? 5);
const SIZES = [0, 10_000, 100_000];
const IDLE_READINGS = 2_000;
const NEW_ROWS = 1_000;
/** Of Linux: microseconds in a tick of the times that the kernel tells. */
const TICK = 10_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const cluster = await startCluster({ durable: true });
await migrate(cluster.url);
// One connection, so that there is one server process to ask for its time.
const storage = await NestFactory.createApplicationContext(PostgresStorageModule.forRoot({ url: cluster.url, poolSize: 1 }), {
  logger: false,
});
const get = <T>(port: abstract new (...args: never[]) => T): T => storage.get(port as never, { strict: false });
const log = get(RevocationLogStore);
const query = <Row extends object>(sql: string, values: readonly unknown[] = []): Promise<Row[]> => get(DataSource).query(sql, [...values]);
const results = [];

try {
  await get(MaintenanceStore).prepare(new Date());
  const [backend] = await query<{ pid: number }>('select pg_backend_pid() as pid');
  const pid = backend?.pid ?? NaN;
  let held = 0;
  for (const size of SIZES) {
    await insert(size - held);
    await query('vacuum analyze revocation_log');
    await log.readSince(await end()); // warm up
    const idle = await medianOf(() => idleReading(pid));
    const some = await medianOf(newRows);
    held = size + rounds * NEW_ROWS;
    const whole = await medianOf(wholeReading);
    results.push({
      rows: size,
      'idle, ms': idle[0],
      'idle, our µs of CPU': idle[1],
      'idle, µs of CPU of Postgres': idle[2],
      [`${NEW_ROWS} new rows, ms`]: some[0],
      'whole, ms per 1,000 rows': whole[0],
      'whole, kB per 1,000 rows': whole[1],
    });
  }
} finally {
  await storage.close();
  await cluster.remove();
}
console.table(results);
console.log(JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, rounds }));

/** Where a reading of all of it ends. */
function end(): Promise<LogCursor> {
  return log.read(new Date(), () => undefined);
}

async function insert(rows: number): Promise<void> {
  const text = `
insert into revocation_log (kind, key, created_at, expires_at)
select 2, uuid_send(gen_random_uuid()), now(), now() + interval '24 hours 10 minutes' from generate_series(1, $1::int)`;
  if (rows > 0) await query(text, [rows]);
}

async function idleReading(pid: number): Promise<number[]> {
  let cursor = await end();
  const [began, ours, theirs] = [performance.now(), process.cpuUsage(), await timeOf(pid)];
  for (let n = 0; n < IDLE_READINGS; n++) cursor = (await log.readSince(cursor))?.cursor ?? cursor;
  const { user, system } = process.cpuUsage(ours);
  return [performance.now() - began, user + system, (await timeOf(pid)) - theirs].map((total) => total / IDLE_READINGS);
}

async function newRows(): Promise<number[]> {
  const cursor = await end();
  await insert(NEW_ROWS);
  const began = performance.now();
  const reading = await log.readSince(cursor);
  if (reading?.rows.length !== NEW_ROWS) throw new Error('Rows were missed.');
  return [performance.now() - began];
}

async function wholeReading(): Promise<number[]> {
  collectGarbage();
  const before = memory();
  const began = performance.now();
  let [count, most] = [0, 0];
  await log.read(new Date(), (rows) => {
    count += rows.length;
    most = Math.max(most, memory());
  });
  return [performance.now() - began, (most - before) / 1000].map((total) => (1000 * total) / count);
}

function memory(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Microseconds that a process has computed. */
async function timeOf(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK;
}

/** Of each figure. */
async function medianOf(measure: () => Promise<number[]>): Promise<number[]> {
  const measured: number[][] = [];
  for (let round = 0; round < rounds; round++) measured.push(await measure());
  const middle = (at: number): number => measured.map((row) => row[at] ?? NaN).sort((a, b) => a - b)[rounds >> 1] ?? NaN;
  return (measured[0] ?? []).map((_, at) => Number(middle(at).toFixed(3)));
}
