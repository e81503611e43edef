import { rounded } from './figures.js';
import type { MeasuredDatabase } from './measured-database.js';

export interface RowSize {
  readonly kind: string;
  readonly rows: number;
  /** Bytes per row. */
  readonly heap: number;
  readonly indexes: number;
  readonly total: number;
}

/** Rows that are copied to be measured by themselves. */
const AT_MOST = 200_000;

/** What an entry of each kind takes, and a row of what belongs to them; and all of it per token entry. */
export async function bytesPerRow(database: MeasuredDatabase, entries: number): Promise<RowSize[]> {
  const sizes = [
    await entryKind(database, 'link (refresh token)', 'type = 3'),
    await entryKind(database, 'access token, signed', 'type = 4 and secret_hash is null'),
    await entryKind(database, 'access token, by reference', 'type = 4 and secret_hash is not null'),
    await table(database, 'all token entries', 'token_entry'),
    await table(database, 'grant', 'authorizations'),
    await table(database, 'sign-in session', 'sign_in_session'),
    await table(database, 'person', 'users'),
    await table(database, 'credential', 'user_credential'),
    await table(database, 'revocation', 'revocation_log'),
  ];
  const [whole] = await database.query<{ bytes: number }>(
    `select (pg_database_size(current_database()) - pg_total_relation_size('fill_chain'))::float8 as bytes`,
  );
  const bytes = rounded((whole?.bytes ?? NaN) / entries);
  return [...sizes, { kind: 'the whole database, per token entry', rows: entries, heap: NaN, indexes: NaN, total: bytes }];
}

/** Entries of a kind share their partitions with others: a copy of some whole days, in the order in which they came, tells them apart. */
async function entryKind(database: MeasuredDatabase, kind: string, condition: string): Promise<RowSize> {
  await database.query(`create table one_kind (like token_entry including all)`);
  await database.query(`
    insert into one_kind select * from token_entry where ${condition} order by bucket, created_at limit ${AT_MOST}`);
  const size = await table(database, kind, 'one_kind');
  await database.query(`drop table one_kind`);
  return size;
}

async function table(database: MeasuredDatabase, kind: string, name: string): Promise<RowSize> {
  const [size = { heap: NaN, indexes: NaN, total: NaN }] = await database.query<{ heap: number; indexes: number; total: number }>(
    `select sum(pg_table_size(c.oid))::float8 as heap, sum(pg_indexes_size(c.oid))::float8 as indexes, sum(pg_total_relation_size(c.oid))::float8 as total
     from pg_class c where c.oid = $1::regclass or c.oid in (select inhrelid from pg_inherits where inhparent = $1::regclass)`,
    [name],
  );
  const [counted] = await database.query<{ rows: number }>(`select count(*)::int as rows from ${name}`);
  const rows = counted?.rows ?? 0;
  const per = (bytes: number): number => rounded(bytes / rows);
  return { kind, rows, heap: per(size.heap), indexes: per(size.indexes), total: per(size.total) };
}
