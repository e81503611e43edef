import { DAY_MS } from '../../src/protocol/limits.js';
import { Partitions } from '../../src/storage/postgres/partitions.js';
import type { TestCluster } from '../../test/support/postgres.js';
import { compare, type Comparison, type Side } from './compare.js';
import { fill } from './fill.js';
import { MeasuredDatabase } from './measured-database.js';
import { operationsOn } from './operations.js';
import { drawSample } from './sample.js';

export interface PartitionCount {
  /** Of each side: as few as 14 days of refresh tokens need, as many as there are in the steady state, and with 33 days of retention. */
  readonly partitions: readonly number[];
  readonly compared: readonly Comparison[];
}

const DAYS_OF_RETENTION = 33;

/** The same rows in databases with more and fewer partitions. */
export async function measurePartitionCount(
  cluster: TestCluster,
  entries: number,
  options: { rounds: number; operations: number; callers: number },
): Promise<PartitionCount> {
  const today = Math.floor(Date.now() / DAY_MS);
  const names = ['few', 'steady', 'many'];
  const databases: MeasuredDatabase[] = [];
  const sides: Side[] = [];
  try {
    for (const name of names) {
      const database = await MeasuredDatabase.open(cluster, name);
      databases.push(database);
      await fill(database, entries, { longLived: false });
      if (name === 'few') await dropEmptyOnes(database);
      const buckets = Array.from({ length: DAYS_OF_RETENTION }, (_, index) => today - 1 - index);
      if (name === 'many') await database.get(Partitions).make({ buckets, logUntil: new Date() });
      sides.push({ database, operations: operationsOn(database, await drawSample(database, new Date())) });
    }
    const partitions = await Promise.all(databases.map(countPartitions));
    return { partitions, compared: await compare(sides, options, ['introspect', 'redeem', 'issue']) };
  } finally {
    for (const database of databases) await database.close();
  }
}

export async function countPartitions(database: MeasuredDatabase): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    `select count(*)::int as count from pg_inherits where inhparent = 'token_entry'::regclass`,
  );
  return row?.count ?? 0;
}

/** Those of the days that nothing reaches yet. */
async function dropEmptyOnes(database: MeasuredDatabase): Promise<void> {
  const last = (await database.query<{ day: number }>(`select max(bucket) as day from token_entry`))[0]?.day ?? 0;
  const partitions = await database.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'token_entry'::regclass and substring(inhrelid::regclass::text from '[0-9]+$')::int > $1`,
    [last + 1],
  );
  for (const { name } of partitions) await database.query(`drop table ${name}`);
}
