import type { LogCursor, LogReader, LogReading, LogRow } from '../revocation-log.store.js';
import type { RevocationKind } from '../revocation.store.js';
import { StorageUnavailableError } from '../storage-unavailable.error.js';
import type { Database } from './database.js';
import {
  BATCH,
  BEGIN_READING,
  BEGIN_READING_ALL,
  FETCH_LOG,
  OPEN_LOG,
  READ_KIND_SINCE,
  READ_POSITION,
  READ_SINCE,
  READ_SINCE_AT_MOST,
} from './revocation-log.sql.js';
import type { Statement } from './statement.js';

interface PositionRow {
  readonly snapshot: string;
  /** Null: a standby. */
  readonly epoch: string | null;
}

/** Nulls: the row says only where the reading ends. */
interface Row {
  readonly kind: RevocationKind | null;
  readonly key: Buffer | null;
  readonly not_before: Date | null;
  readonly expires_at: Date | null;
}

interface ParsedSnapshot {
  /** The first transaction number that had not been given out. */
  readonly xmax: bigint;
  /** Numbers below it that were under way. */
  readonly underWay: readonly string[];
}

/** Reads the log on whatever connections it is given. Nothing it needs outlives a transaction. */
export class PostgresLogReader implements LogReader {
  constructor(private readonly database: Database) {}

  read(now: Date, take: (rows: readonly LogRow[]) => void): Promise<LogCursor> {
    return this.database.transaction(async (runner) => {
      const cursor = cursorOf(await runner.run<PositionRow>(READ_POSITION, []));
      await runner.run(OPEN_LOG, [now]);
      for (let rows: Row[] | undefined; !rows || rows.length === BATCH;) {
        rows = await runner.run<Row>(FETCH_LOG, []);
        if (rows.length > 0) take(rows.flatMap(logRowOf));
      }
      return cursor;
    }, BEGIN_READING_ALL);
  }

  async readSince(cursor: LogCursor, most?: number): Promise<LogReading | undefined> {
    const reading = await (most === undefined ? this.since(cursor, READ_SINCE) : this.since(cursor, READ_SINCE_AT_MOST, most + 1));
    return most !== undefined && reading && reading.rows.length > most ? undefined : reading;
  }

  async readKind(kind: RevocationKind, since: LogCursor | undefined): Promise<LogReading | undefined> {
    // Where one is can be told while the rows cannot be read; whoever begins there must be able to go on.
    const from = since ?? cursorOf(await this.database.run<PositionRow>(READ_POSITION, []));
    return this.since(from, READ_KIND_SINCE, kind);
  }

  private async since(cursor: LogCursor, statement: Statement, ...more: readonly number[]): Promise<LogReading | undefined> {
    const from = parseSnapshot(cursor.snapshot);
    if (!from) return undefined;
    const values = [String(from.xmax), from.underWay, ...more];
    const rows = await this.database.transaction((runner) => runner.run<PositionRow & Row>(statement, values), BEGIN_READING);
    const reading = { cursor: cursorOf(rows), rows: rows.flatMap(logRowOf) };
    const to = parseSnapshot(reading.cursor.snapshot);
    return reading.cursor.epoch === cursor.epoch && to && to.xmax >= from.xmax ? reading : undefined;
  }
}

function cursorOf([first]: readonly PositionRow[]): LogCursor {
  if (!first || first.epoch === null) throw new StorageUnavailableError(new Error('The log is read on the primary; this is a standby.'));
  return { epoch: first.epoch, snapshot: first.snapshot };
}

function logRowOf({ kind, key, not_before: notBefore, expires_at: expiresAt }: Row): LogRow[] {
  return kind !== null && key && expiresAt ? [{ kind, key, expiresAt, ...(notBefore && { notBefore }) }] : [];
}

/** `xmin:xmax:xip,xip`. Undefined: none. */
function parseSnapshot(text: string): ParsedSnapshot | undefined {
  const [, xmax, underWay] = /^\d{1,19}:(\d{1,19}):((?:\d{1,19}(?:,\d{1,19})*)?)$/.exec(text) ?? [];
  return xmax === undefined || underWay === undefined ? undefined : { xmax: BigInt(xmax), underWay: underWay.split(',').filter(Boolean) };
}
