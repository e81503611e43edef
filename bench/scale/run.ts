import 'reflect-metadata';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import type { TestCluster } from '../../test/support/postgres.js';
import { bytesPerRow, type RowSize } from './bytes.js';
import { compare, type Comparison } from './compare.js';
import { sizesThatFit } from './disk-space.js';
import { countEntries, fill } from './fill.js';
import { MeasuredDatabase, startMeasuredCluster } from './measured-database.js';
import { operationsOn } from './operations.js';
import { HELP, readOptions, type Part } from './options.js';
import { measureDrops, type DropCost } from './partition-drop.js';
import { countPartitions, measurePartitionCount, type PartitionCount } from './partition-count.js';
import { measurePrune, type PruneCost } from './prune.js';
import { printCounts, printDrops, printSize } from './report.js';
import { drawSample } from './sample.js';

/** What was found beside the small database at one size. */
export interface SizeResult {
  readonly entries: number;
  readonly partitions: number;
  readonly fillSeconds: number;
  readonly operations?: readonly Comparison[];
  readonly prune?: { readonly small: PruneCost; readonly big: PruneCost };
  readonly bytes?: readonly RowSize[];
}

interface ScaleResult {
  readonly machine: object;
  readonly sizes: SizeResult[];
  drops?: DropCost;
  partitionCount?: PartitionCount;
}

if (process.argv.includes('--help')) {
  process.stdout.write(HELP);
  process.exit(0);
}

const options = readOptions(process.env);
const wanted = (part: Part): boolean => options.only.includes(part);
const sizes = await sizesThatFit(options.sizes, console.log);
const machine = {
  date: new Date().toISOString(),
  node: process.version,
  cpu: cpus()[0]?.model,
  cores: cpus().length,
  memory: totalmem(),
  options,
};
const result: ScaleResult = { machine, sizes: [] };
const clusters = new Set<TestCluster>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void removeAll().then(() => process.exit(1)));

try {
  for (const entries of sizes) await atSize(entries, entries === sizes.at(-1));
  if (wanted('partitions')) {
    const cluster = await startCluster();
    result.partitionCount = await measurePartitionCount(cluster, options.small, options);
    printCounts(result.partitionCount);
    await save();
  }
} finally {
  await removeAll();
}

/** A new small database beside it each time: what is measured makes it grow. */
async function atSize(entries: number, isLargest: boolean): Promise<void> {
  const small = await MeasuredDatabase.open(await startCluster(), 'small');
  const big = await MeasuredDatabase.open(await startCluster(), 'big');
  await fill(small, options.small);
  const begin = performance.now();
  await fill(big, entries);
  const fillSeconds = Math.round((performance.now() - begin) / 1000);
  const counted = await countEntries(big);
  console.log(`\n${counted} entries, filled in ${fillSeconds} s.`);

  const bytes = wanted('bytes') ? await bytesPerRow(big, counted) : undefined;
  const sides = await Promise.all(
    [small, big].map(async (database) => ({ database, operations: operationsOn(database, await drawSample(database, new Date())) })),
  );
  const operations = wanted('operations') ? await compare(sides, options) : undefined;
  const prune = wanted('prune')
    ? { small: await measurePrune(small, options.rounds), big: await measurePrune(big, options.rounds) }
    : undefined;
  const size: SizeResult = {
    entries: counted,
    partitions: await countPartitions(big),
    fillSeconds,
    ...(operations && { operations }),
    ...(prune && { prune }),
    ...(bytes && { bytes }),
  };
  result.sizes.push(size);
  printSize(size);
  await save();
  const bigOperations = sides[1]?.operations;
  if (wanted('drop') && isLargest && bigOperations) {
    result.drops = await measureDrops(big, bigOperations, options);
    printDrops(result.drops);
    await save();
  }
  await small.close();
  await big.close();
  await removeAll();
}

async function startCluster(): Promise<TestCluster> {
  const cluster = await startMeasuredCluster(options.sharedBuffers);
  clusters.add(cluster);
  return cluster;
}

async function removeAll(): Promise<void> {
  await Promise.all([...clusters].map((cluster) => cluster.remove()));
  clusters.clear();
}

async function save(): Promise<void> {
  await mkdir(new URL('../results/', import.meta.url), { recursive: true });
  await writeFile(new URL('../results/scale.json', import.meta.url), `${JSON.stringify(result, null, 2)}\n`);
}
