import { median, quantile, rounded } from './figures.js';
import type { MeasuredDatabase } from './measured-database.js';
import { postgresCpu } from './postgres-cpu.js';

/** What one window of so many calls has cost. */
export interface Window {
  /** Microseconds per call of those Postgres processes that serve connections. */
  readonly cpu: number;
  /** The same of all the others, which also clear up what came before. */
  readonly background: number;
  /** Microseconds per call until all had answered: the inverse of calls per second. */
  readonly wall: number;
  /** Bytes of write-ahead log per call. */
  readonly wal: number;
  /** Milliseconds. */
  readonly latencies: readonly number[];
}

export interface Cost {
  readonly cpu: number;
  readonly background: number;
  readonly wall: number;
  readonly wal: number;
  readonly p50: number;
  readonly p99: number;
}

export async function measureWindow(
  database: MeasuredDatabase,
  calls: number,
  callers: number,
  call: () => Promise<void>,
): Promise<Window> {
  // The pool closes what was idle for ten seconds: connections and their plans are there again before anything counts.
  await repeat(callers * 3, callers, call);
  const latencies: number[] = [];
  const walBefore = await walPosition(database);
  const cpuBefore = await postgresCpu(database.postmaster);
  const begin = performance.now();
  await repeat(calls, callers, async () => {
    const sent = performance.now();
    await call();
    latencies.push(performance.now() - sent);
  });
  const wall = (performance.now() - begin) * 1000;
  const cpu = await postgresCpu(database.postmaster);
  return {
    cpu: (cpu.sessions - cpuBefore.sessions) / calls,
    background: (cpu.background - cpuBefore.background) / calls,
    wall: wall / calls,
    wal: ((await walPosition(database)) - walBefore) / calls,
    latencies,
  };
}

async function repeat(times: number, callers: number, call: () => Promise<void>): Promise<void> {
  let left = times;
  const caller = async (): Promise<void> => {
    while (left-- > 0) await call();
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

export function costOf(windows: readonly Window[]): Cost {
  const latencies = windows.flatMap((window) => window.latencies);
  return {
    cpu: rounded(median(windows.map(({ cpu }) => cpu))),
    background: rounded(median(windows.map(({ background }) => background))),
    wall: rounded(median(windows.map(({ wall }) => wall))),
    wal: Math.round(median(windows.map(({ wal }) => wal))),
    p50: rounded(quantile(latencies, 0.5), 2),
    p99: rounded(quantile(latencies, 0.99), 2),
  };
}

async function walPosition(database: MeasuredDatabase): Promise<number> {
  const [row] = await database.query<{ bytes: number }>(`select (pg_current_wal_insert_lsn() - '0/0')::float8 as bytes`);
  return row?.bytes ?? NaN;
}
