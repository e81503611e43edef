import { Injectable } from '@nestjs/common';
import type { ConfigurationChange } from '../configuration-change.js';
import { KeyStore, type KeyPurpose, type KeyRecord, type NewKey } from '../key.store.js';
import { RevocationKind } from '../revocation.store.js';
import { logChange } from './configuration-writer.js';
import { Database, sqlState, SqlState, type Runner } from './database.js';
import { Partitions } from './partitions.js';
import { LOG, logRowEnd } from './revocation.sql.js';

const ATTEMPTS = 5;
/** Key of the log row. */
const CHANGED = Buffer.from('keys' satisfies ConfigurationChange);

@Injectable()
export class PostgresKeyStore extends KeyStore {
  constructor(
    private readonly database: Database,
    private readonly partitions: Partitions,
  ) {
    super();
  }

  override async list(): Promise<KeyRecord[]> {
    const rows = await this.database.run<KeyRow>(LIST_KEYS, []);
    return rows.map((row) => ({
      id: row.id,
      kid: row.kid,
      purpose: row.purpose,
      ...(row.public_jwk && { publicJwk: row.public_jwk }),
      sealed: row.sealed,
      createdAt: row.created_at,
      activatesAt: row.activates_at,
      ...(row.revoked_at && { revokedAt: row.revoked_at }),
    }));
  }

  override async insert(key: NewKey, unlessNewerThan: number | undefined): Promise<boolean> {
    const values = [
      key.kid,
      key.purpose,
      key.createdAt,
      key.activatesAt,
      key.publicJwk && JSON.stringify(key.publicJwk),
      key.sealed,
      unlessNewerThan,
      CHANGED,
      logRowEnd(key.createdAt),
    ].map((value) => value ?? null);
    for (let attempt = 1; ; attempt++) {
      try {
        return (await this.partitions.logging(key.createdAt, () => this.database.run(INSERT_KEY, values))).length === 1;
      } catch (error) {
        // Another key took the number at this moment; look again whether one of this purpose is there now.
        if (sqlState(error) !== SqlState.uniqueViolation || attempt === ATTEMPTS) throw error;
      }
    }
  }

  override revoke(kid: string, now: Date): Promise<boolean> {
    const work = async (runner: Runner): Promise<boolean> => {
      if ((await runner.run(REVOKE_KEY, [kid, now])).length === 0) return false;
      await runner.run(LOG, [RevocationKind.signingKey, Buffer.from(kid), null, now, logRowEnd(now)]);
      await logChange(runner, 'keys', now);
      return true;
    };
    return this.partitions.logging(now, () => this.database.transaction(work));
  }

  override async remove(ids: readonly number[], now: Date): Promise<void> {
    await this.partitions.logging(now, () => this.database.run(REMOVE_KEYS, [ids, now, CHANGED, logRowEnd(now)]));
  }
}

interface KeyRow {
  readonly id: number;
  readonly kid: string;
  readonly purpose: KeyPurpose;
  readonly public_jwk: object | null;
  readonly sealed: Buffer;
  readonly created_at: Date;
  readonly activates_at: Date;
  readonly revoked_at: Date | null;
}

const LIST_KEYS = {
  name: 'list_keys',
  text: `select id, kid, purpose, public_jwk, sealed, created_at, activates_at, revoked_at from key order by activates_at, id`,
};

/** The number is taken by the primary key, not by a sequence. $7: refuse if the purpose has a key with a higher number; null: none may be there. $8 log key  $9 log row kept until */
const INSERT_KEY = {
  name: 'insert_key',
  text: `
with made as (
  insert into key (id, kid, purpose, created_at, activates_at, public_jwk, sealed)
  select coalesce(max(id), 0) + 1, $1::text, $2::text, $3::timestamptz, $4::timestamptz, $5::jsonb, $6::bytea
  from key
  having not coalesce(bool_or(purpose = $2 and id > coalesce($7::int, 0)), false)
  returning id
), logged as (
  insert into revocation_log (kind, key, created_at, expires_at) select 5, $8::bytea, $3, $9::timestamptz from made
)
select id from made`,
};

const REVOKE_KEY = {
  name: 'revoke_key',
  text: `update key set revoked_at = $2::timestamptz where kid = $1::text and revoked_at is null and purpose like 'sign:%' returning id`,
};

/** $1 ids  $2 now  $3 log key  $4 log row kept until */
const REMOVE_KEYS = {
  name: 'remove_keys',
  text: `
with gone as (
  delete from key where id = any($1::int[]) returning id
)
insert into revocation_log (kind, key, created_at, expires_at)
select 5, $3::bytea, $2::timestamptz, $4::timestamptz where exists (select from gone)`,
};
