import { DAY_MS } from '../../src/protocol/limits.js';
import { MaintenanceStore, type PruneReport } from '../../src/storage/maintenance.store.js';
import { median, rounded } from './figures.js';
import type { MeasuredDatabase } from './measured-database.js';
import { postgresCpu } from './postgres-cpu.js';

export interface PruneCost {
  readonly grants: number;
  /** A round with nothing to do, which looks at every grant: milliseconds, and CPU of it in milliseconds. */
  readonly idle: Round;
  /** Microseconds of CPU per grant that is looked at. */
  readonly cpuPerGrant: number;
  /** Microseconds of CPU per dead grant that is deleted, beyond that. */
  readonly cpuPerDeletedGrant: number;
  /** The drop of the oldest partition: entries in it, milliseconds and milliseconds of CPU beyond the idle round. */
  readonly drop: Round & { readonly entries: number };
}

export interface Round {
  readonly ms: number;
  readonly cpuMs: number;
}

/** So many that they stand out from what looking at the living takes. */
const DEAD_GRANTS = 25_000;

/** The product's own rounds of pruning. Takes the oldest partition of entries away. */
export async function measurePrune(database: MeasuredDatabase, rounds: number): Promise<PruneCost> {
  const [counted] = await database.query<{ grants: number }>(`select count(*)::int as grants from authorizations`);
  const grants = counted?.grants ?? 0;
  const oldest = await oldestPartition(database);
  const idle: Round[] = [];
  const deleting: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    idle.push(await measureRound(database, oldest.day, (report) => report.authorizationsDeleted === 0));
    await addDeadGrants(database, oldest.day);
    deleting.push(await measureRound(database, oldest.day, (report) => report.authorizationsDeleted === DEAD_GRANTS));
    await database.query(`vacuum authorizations`);
  }
  const usual = medianRound(idle);
  const dropping = await measureRound(database, oldest.day + 1, (report) => report.partitionsDropped === 1);
  return {
    grants,
    idle: usual,
    cpuPerGrant: rounded((usual.cpuMs / grants) * 1000, 3),
    cpuPerDeletedGrant: rounded(((medianRound(deleting).cpuMs - usual.cpuMs) / DEAD_GRANTS) * 1000),
    drop: { entries: oldest.entries, ms: rounded(dropping.ms - usual.ms), cpuMs: rounded(dropping.cpuMs - usual.cpuMs) },
  };
}

async function measureRound(database: MeasuredDatabase, before: number, holds: (report: PruneReport) => boolean): Promise<Round> {
  const cpu = await postgresCpu(database.postmaster);
  const ms = await prune(database, before, holds);
  return { ms, cpuMs: rounded(((await postgresCpu(database.postmaster)).sessions - cpu.sessions) / 1000) };
}

/** One round that drops what ended before the day. Milliseconds. */
export async function prune(database: MeasuredDatabase, before: number, holds: (report: PruneReport) => boolean): Promise<number> {
  const now = new Date();
  const begin = performance.now();
  const report = await database.get(MaintenanceStore).prune(now, (now.getTime() - before * DAY_MS) / 1000);
  const ms = rounded(performance.now() - begin);
  if (!holds(report)) throw new Error(`Pruning did something else than it should: ${JSON.stringify(report)}`);
  return ms;
}

async function oldestPartition(database: MeasuredDatabase): Promise<{ day: number; entries: number }> {
  const [oldest] = await database.query<{ day: number; entries: number }>(
    `select bucket as day, count(*)::int as entries from token_entry where bucket = (select min(bucket) from token_entry) group by bucket`,
  );
  if (!oldest) throw new Error('There are no entries.');
  return oldest;
}

/** As if their entries had gone: older than any that is kept. In the session that filled the database, which knows how ids are made. */
async function addDeadGrants(database: MeasuredDatabase, day: number): Promise<void> {
  await database.query(
    `insert into authorizations (id, client, client_epoch, subject, created_at, rotated_at, expires_at, ends_at)
     select pg_temp.uuid_at(at), 'client-1', 0, 'nobody', at, at, at, at
     from generate_series(1, $1::int) n, lateral (select to_timestamp($2::float8) - n * interval '1 second' as at) ended`,
    [DEAD_GRANTS, (day - 10) * (DAY_MS / 1000)],
  );
}

const medianRound = (rounds: readonly Round[]): Round => ({
  ms: median(rounds.map(({ ms }) => ms)),
  cpuMs: median(rounds.map(({ cpuMs }) => cpuMs)),
});
