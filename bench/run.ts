/**
 * Measures CPU per request of our service against the floor, both on the same Postgres with default durability, round by round in turn.
 * `npm run bench`; ROUNDS, SECONDS and CONNECTIONS may be set, and ONLY to what the names of operations have in common: `ONLY=session`.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { startCluster } from '../test/support/postgres.js';
import { migrate } from '../test/support/migrate.js';
import { unusedPort } from '../test/support/unused-port.js';
import { MeasuredProcess } from './child.js';
import { load } from './load.js';
import { comparisons } from './operations.js';

const rounds = Number(process.env['ROUNDS'] ?? 3);
const seconds = Number(process.env['SECONDS'] ?? 3);
const connections = Number(process.env['CONNECTIONS'] ?? 32);

const cluster = await startCluster({ durable: true });
await migrate(cluster.url);
const port = await unusedPort();
const environment = { DATABASE_URL: cluster.url, CONNECTIONS: String(connections), PORT: String(port), ISSUER: `http://localhost:${port}` };
const service = await MeasuredProcess.start('./service-process.ts', environment);
const floor = await MeasuredProcess.start('./floor-process.ts', environment);
const results = [];

try {
  for (const { name, ours, theirs, target } of await comparisons(service, floor, environment)) {
    if (!name.includes(process.env['ONLY'] ?? '')) continue;
    await load(ours.process.url, connections, 1_500, ours.next); // warm up
    await load(theirs.process.url, connections, 1_500, theirs.next);
    const measured: Record<'ours' | 'theirs' | 'p50' | 'floorP50' | 'p99' | 'perSecond', number[]> = {
      ours: [],
      theirs: [],
      p50: [],
      floorP50: [],
      p99: [],
      perSecond: [],
    };
    for (let round = 0; round < rounds; round++) {
      for (const [side, list] of [
        [ours, measured.ours],
        [theirs, measured.theirs],
      ] as const) {
        const before = await side.process.cpu();
        const result = await load(side.process.url, connections, seconds * 1000, side.next);
        list.push(((await side.process.cpu()) - before) / result.requests);
        (side === ours ? measured.p50 : measured.floorP50).push(result.p50);
        if (side !== ours) continue;
        measured.p99.push(result.p99);
        measured.perSecond.push(result.requests / result.seconds);
      }
    }
    const row = {
      operation: name,
      'µs ours': round1(median(measured.ours)),
      'µs floor': round1(median(measured.theirs)),
      ratio: round1(median(measured.ours) / median(measured.theirs), 2),
      'later target': target,
      'per s': Math.round(median(measured.perSecond)),
      'p50 ms': round1(median(measured.p50), 2),
      'floor p50 ms': round1(median(measured.floorP50), 2),
      'p99 ms': round1(median(measured.p99)),
    };
    results.push(row);
    console.log(`${name}: ${row['µs ours']} µs against ${row['µs floor']} µs, ratio ${row.ratio}`);
  }
} finally {
  await MeasuredProcess.stopAll();
  await cluster.remove();
}

console.table(results);
const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, rounds, seconds, connections };
console.log(JSON.stringify(machine));
await mkdir(new URL('./results/', import.meta.url), { recursive: true });
await writeFile(new URL('./results/last.json', import.meta.url), JSON.stringify({ machine, results }, null, 2));

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function round1(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}
