import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Clock } from '../../src/protocol/clock.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { MaintenanceStore } from '../../src/storage/maintenance.store.js';
import { openChain } from '../../test/support/chain.js';
import { registerLoadClient } from '../servers/load-client.js';
import { rounded } from './figures.js';
import { MeasuredDatabase, startMeasuredCluster } from './measured-database.js';
import { SteadyLoad, type LoadClient } from './memory-load.js';
import { MemoryService } from './memory-service.js';

const HELP = `npm run bench:memory – whether the service's memory grows under steady load (docs/performance.md)

  MINUTES=10       how long; memory is read each minute, after a forced collection
  RATE=300         requests a second: issue, introspect, refresh, introspect, revoke, revoke, and again
  CONNECTIONS=32   at once

Measured is the built service (dist/) in a process of its own, on a PostgreSQL with default durability. What is to hold: the memory of the last minute is
at most 1.1 times that of the second. The result is written to bench/results/memory.json, too.
`;

if (process.argv.includes('--help')) {
  process.stdout.write(HELP);
  process.exit(0);
}

const minutes = Number(process.env['MINUTES'] ?? 10);
const rate = Number(process.env['RATE'] ?? 300);
const connections = Number(process.env['CONNECTIONS'] ?? 32);

const cluster = await startMeasuredCluster('default');
try {
  const database = await MeasuredDatabase.open(cluster, 'service');
  const service = await MemoryService.start(database.url);
  try {
    const { client, refreshTokens } = await prepare(database);
    const load = new SteadyLoad(service.url, client, refreshTokens, rate);
    const samples = [];
    for (let minute = 1; minute <= minutes; minute++) {
      await Promise.race([sleep(60_000), load.failure]);
      const { rss, heapUsed, external } = await service.memory();
      const sample = {
        minute,
        requests: load.requests,
        'RSS, MB': megabytes(rss),
        'heap, MB': megabytes(heapUsed),
        'external, MB': megabytes(external),
      };
      console.log(JSON.stringify(sample));
      samples.push(sample);
    }
    await load.stop();
    const ratio = rounded((samples.at(-1)?.['RSS, MB'] ?? NaN) / (samples[1]?.['RSS, MB'] ?? NaN), 3);
    console.table(samples);
    console.log(`RSS of minute ${minutes} against minute 2: ${ratio}`);
    await mkdir(new URL('../results/', import.meta.url), { recursive: true });
    await writeFile(
      new URL('../results/memory.json', import.meta.url),
      `${JSON.stringify({ minutes, rate, connections, samples, ratio }, null, 2)}\n`,
    );
  } finally {
    await service.stop();
    await database.close();
  }
} finally {
  await cluster.remove();
}

/** A client that may do everything of the mixture, and a chain of it for each connection. */
async function prepare(database: MeasuredDatabase): Promise<{ client: LoadClient; refreshTokens: string[] }> {
  const clock = database.get(Clock);
  const now = clock.now();
  await database.get(MaintenanceStore).prepare(now);
  const client = { id: 'load', secret: randomBytes(32).toString('base64url') };
  await registerLoadClient(database.get(ClientStore), client, { rotation: true }, now);
  const stores = { clock, get: database.get.bind(database) };
  const refreshTokens = [];
  for (let n = 0; n < connections; n++) refreshTokens.push((await openChain(stores, { client: client.id })).refreshToken);
  return { client, refreshTokens };
}

function megabytes(bytes: number): number {
  return rounded(bytes / 1e6);
}
