import { Injectable } from '@nestjs/common';
import type { EntryKey, EntryType } from '../../protocol/entry-key.js';
import { TokenEntryStore, type TokenEntryRecord, type TokenStatus } from '../token-entry.store.js';
import { FIND } from './authorization.sql.js';
import { Database } from './database.js';
import { toGrant, type GrantRow } from './grant-row.js';
import { SharedCalls } from './shared-calls.js';

@Injectable()
export class PostgresTokenEntryStore extends TokenEntryStore {
  private readonly finding = new SharedCalls<Search, EntryRow | undefined>({
    run: (calls) => this.database.share<EntryRow>(FIND.of(calls)),
  });

  constructor(private readonly database: Database) {
    super();
  }

  override async find(key: EntryKey, now: Date, kid?: string, caller?: string): Promise<TokenEntryRecord | undefined> {
    const { bucket, authorizationId: authorization, type, number } = key;
    const row = await this.finding.ask({ bucket, authorization, type, number, now, kid, caller });
    return (
      row && {
        key,
        status: row.status,
        ...(row.secret_hash && { hash: row.secret_hash }),
        ...(row.payload && { payload: row.payload }),
        createdAt: row.created_at,
        expiresAt: row.entry_expires_at,
        ...(isGrant(row) && { grant: toGrant(row) }),
      }
    );
  }
}

interface Search {
  readonly bucket: number;
  readonly authorization: string;
  readonly type: EntryType;
  readonly number: bigint;
  readonly now: Date;
  readonly kid: string | undefined;
  readonly caller: string | undefined;
}

interface EntryColumns {
  readonly secret_hash: Buffer | null;
  readonly payload: Buffer | null;
  readonly created_at: Date;
  readonly entry_expires_at: Date;
  readonly status: TokenStatus;
}
type EntryRow = EntryColumns & (GrantRow | { readonly id: null });

const isGrant = (row: EntryRow): row is EntryColumns & GrantRow => row.id !== null;
