import { setTimeout as sleep } from 'node:timers/promises';
import { DAY_MS } from '../../src/protocol/limits.js';
import { Partitions } from '../../src/storage/postgres/partitions.js';
import { median, quantile, rounded } from './figures.js';
import type { MeasuredDatabase } from './measured-database.js';
import type { Operations } from './operations.js';
import { prune } from './prune.js';

export interface DropCost {
  readonly drops: number;
  readonly entriesPerDrop: number;
  /** Milliseconds of a round of pruning that drops a partition, and of one that has nothing to drop: it looks at every grant all the same. */
  readonly dropRound: number;
  readonly idleRound: number;
  /** Tokens issued a second: in the windows that begin with a drop, in those that begin with a round with nothing to drop, and in those without any. */
  readonly issued: Windows;
  /** Milliseconds: 99 of 100 calls, and the longest of all. */
  readonly p99: Windows;
  readonly longest: Windows;
}

export interface Windows {
  readonly drop: number;
  readonly idleRound: number;
  readonly quiet: number;
}

type Kind = keyof Windows;
const KINDS: readonly Kind[] = ['quiet', 'idleRound', 'drop'];

/** Issues without pause while the product's pruner drops full partitions; windows of the three kinds take turns. */
export async function measureDrops(
  database: MeasuredDatabase,
  operations: Operations,
  { drops, entriesPerDrop, dropWindow, callers }: { drops: number; entriesPerDrop: number; dropWindow: number; callers: number },
): Promise<DropCost> {
  const [oldest] = await database.query<{ day: number }>(`select min(bucket) as day from token_entry`);
  const first = (oldest?.day ?? 0) - drops;
  await fillPartitions(database, first, drops, entriesPerDrop);

  const latencies: Record<Kind, number[][]> = { drop: [], idleRound: [], quiet: [] };
  const seconds: Record<Kind, number> = { drop: 0, idleRound: 0, quiet: 0 };
  const dropRounds: number[] = [];
  const idleRounds: number[] = [];
  let current: number[] = [];
  let going = true;
  const caller = async (): Promise<void> => {
    while (going) {
      const window = current;
      const sent = performance.now();
      await operations.issue();
      // A call belongs to the window in which it began: one that a drop holds up counts as that window's.
      window.push(performance.now() - sent);
    }
  };
  const work = Promise.all(Array.from({ length: callers }, caller));
  await sleep(2_000);
  for (let drop = 0; drop < drops; drop++) {
    for (let turn = 0; turn < KINDS.length; turn++) {
      const kind = KINDS[(turn + drop) % KINDS.length] ?? 'quiet';
      current = [];
      latencies[kind].push(current);
      const begin = performance.now();
      const window = sleep(dropWindow * 1000);
      if (kind === 'drop') dropRounds.push(await prune(database, first + drop + 1, (report) => report.partitionsDropped === 1));
      if (kind === 'idleRound') idleRounds.push(await prune(database, first + drop, (report) => report.partitionsDropped === 0));
      await window;
      seconds[kind] += (performance.now() - begin) / 1000;
    }
  }
  going = false;
  await work;

  const perKind = (of: (calls: readonly number[], seconds: number) => number): Windows => ({
    drop: of(latencies.drop.flat(), seconds.drop),
    idleRound: of(latencies.idleRound.flat(), seconds.idleRound),
    quiet: of(latencies.quiet.flat(), seconds.quiet),
  });
  return {
    drops,
    entriesPerDrop,
    dropRound: median(dropRounds),
    idleRound: median(idleRounds),
    issued: perKind((calls, seconds) => Math.round(calls.length / seconds)),
    p99: perKind((calls) => rounded(quantile(calls, 0.99))),
    longest: perKind((calls) => rounded(quantile(calls, 1))),
  };
}

/** Days before the oldest one, each with so many entries. */
async function fillPartitions(database: MeasuredDatabase, first: number, days: number, entries: number): Promise<void> {
  const buckets = Array.from({ length: days }, (_, index) => first + index);
  await database.get(Partitions).make({ buckets, logUntil: new Date() });
  for (const day of buckets) {
    const begin = new Date(day * DAY_MS);
    await database.query(
      `insert into token_entry (bucket, authorization_id, type, number, created_at, expires_at, secret_hash)
       select $1::int, gen_random_uuid(), 3, n, $2::timestamptz, $2, sha256(int4send(n)) from generate_series(1, $3::int) n`,
      [day, begin, entries],
    );
  }
  await database.query(`vacuum (analyze) token_entry`);
}
