import type { LogReader, LogReading, LogRow } from '../../src/storage/revocation-log.store.js';

/** All of a log that is small enough to be held at once. */
export async function wholeLog(log: LogReader, now: Date): Promise<LogReading> {
  const rows: LogRow[] = [];
  const cursor = await log.read(now, (more) => rows.push(...more));
  return { cursor, rows };
}
