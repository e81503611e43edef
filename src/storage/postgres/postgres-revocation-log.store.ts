import { Injectable } from '@nestjs/common';
import { RevocationLogStore, type LogCursor, type LogReading, type LogRow, type OwnLogReader } from '../revocation-log.store.js';
import type { RevocationKind } from '../revocation.store.js';
import { Database } from './database.js';
import { OwnConnection } from './own-connection.js';
import { PostgresLogReader } from './postgres-log-reader.js';

@Injectable()
export class PostgresRevocationLogStore extends RevocationLogStore {
  private readonly reader: PostgresLogReader;

  constructor(private readonly database: Database) {
    super();
    this.reader = new PostgresLogReader(database);
  }

  override read(now: Date, take: (rows: readonly LogRow[]) => void): Promise<LogCursor> {
    return this.reader.read(now, take);
  }

  override readSince(cursor: LogCursor, most?: number): Promise<LogReading | undefined> {
    return this.reader.readSince(cursor, most);
  }

  override readKind(kind: RevocationKind, since: LogCursor | undefined): Promise<LogReading | undefined> {
    return this.reader.readKind(kind, since);
  }

  override open(): OwnLogReader {
    return new OwnPostgresLogReader(new OwnConnection(this.database, 'countersign log'));
  }
}

class OwnPostgresLogReader extends PostgresLogReader implements OwnLogReader {
  constructor(private readonly connection: OwnConnection) {
    super(connection);
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}
