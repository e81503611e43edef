import type { RevocationKind } from './revocation.store.js';

/**
 * Where a reader of the log stands: the snapshot of its last reading (PostgreSQL `pg_snapshot`), and the life of the database in which it was taken. Good
 * for any process.
 */
export interface LogCursor {
  /** Changes whenever transaction numbers may have gone back: another cluster, a promoted standby, a crash. */
  readonly epoch: string;
  readonly snapshot: string;
}

/** Something that ended, or a mark. */
export interface LogRow {
  readonly kind: RevocationKind;
  /** Entry: 28 bytes of the entry's key. Authorization: 16 of its UUID. Otherwise of the kind's own. */
  readonly key: Buffer;
  /** What was issued at or before this is dead. */
  readonly notBefore?: Date;
  /** No token that it can hit outlives this. */
  readonly expiresAt: Date;
}

export interface LogReading {
  /** For the next reading. */
  readonly cursor: LogCursor;
  readonly rows: readonly LogRow[];
}

/**
 * Each committed row comes once, in the first reading that can see it.
 * @throws StorageUnavailableError when the database cannot be asked, or is a standby, whose snapshots do not say what is under way
 */
export interface LogReader {
  /**
   * All that is of use at `now`, seen at one moment.
   * @param take gets it a few thousand rows at a time, which need not be held together; what it throws ends the reading
   */
  read(now: Date, take: (rows: readonly LogRow[]) => void): Promise<LogCursor>;

  /** What was committed since. Undefined: the cursor says nothing any more, or more than `most` rows came since; read all of it again. */
  readSince(cursor: LogCursor, most?: number): Promise<LogReading | undefined>;
}

/** Waits neither for what others ask of the database nor, beyond 2 s without a word, for the database itself. */
export interface OwnLogReader extends LogReader {
  /** What is under way ends by itself. */
  close(): Promise<void>;
}

/** The log of what was ended, for readers who must not miss a row. */
export abstract class RevocationLogStore implements LogReader {
  abstract read(now: Date, take: (rows: readonly LogRow[]) => void): Promise<LogCursor>;

  abstract readSince(cursor: LogCursor, most?: number): Promise<LogReading | undefined>;

  /**
   * The rows of one kind that were committed since, however many of others there are. Without a cursor: none, and where to begin. Undefined: the cursor
   * says nothing any more.
   */
  abstract readKind(kind: RevocationKind, since: LogCursor | undefined): Promise<LogReading | undefined>;

  /** For somebody who reads on without end. Nothing is asked yet. */
  abstract open(): OwnLogReader;
}
