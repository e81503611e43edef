import { bucketOf, EntryType, type EntryKey } from '../../src/protocol/entry-key.js';
import type { MeasuredDatabase } from './measured-database.js';

/** A chain whose head may be redeemed. */
export interface LiveChain {
  readonly client: string;
  head: { readonly key: EntryKey; readonly hash: Buffer };
}

export interface StoredEntry {
  readonly key: EntryKey;
  readonly signed: boolean;
}

/** What the operations are done to: drawn from all there is, in no order. */
export interface Sample {
  readonly chains: readonly LiveChain[];
  readonly entries: readonly StoredEntry[];
  readonly machines: readonly { readonly client: string; readonly standing: string }[];
  readonly people: readonly string[];
}

/** More than a run comes to ask for. */
const AT_MOST = 50_000;

export async function drawSample(database: MeasuredDatabase, now: Date): Promise<Sample> {
  const chains = await database.query<EntryRow & { client: string }>(CHAINS, [AT_MOST, bucketOf(now) + 1]);
  const [size] = await database.query<{ entries: number }>(
    `select sum(greatest(reltuples, 0))::float8 as entries from pg_class where relname ~ '^token_entry_'`,
  );
  const percent = Math.min(100, (100 * AT_MOST) / (size?.entries ?? 1));
  const entries = await database.query<EntryRow>(ENTRIES(percent));
  return {
    chains: chains.map((row) => ({ client: row.client, head: { key: keyOf(row), hash: row.secret_hash ?? Buffer.alloc(0) } })),
    entries: entries.map((row) => ({ key: keyOf(row), signed: row.secret_hash === null })),
    machines: await database.query(`select id as client, standing_authorization_id as standing from client order by random()`),
    people: (await database.query<{ id: string }>(`select id from users order by random() limit ${AT_MOST}`)).map(({ id }) => id),
  };
}

interface EntryRow {
  readonly bucket: number;
  readonly authorization_id: string;
  readonly type: EntryKey['type'];
  readonly number: string;
  readonly secret_hash: Buffer | null;
}

const keyOf = (row: EntryRow): EntryKey => ({
  bucket: row.bucket,
  authorizationId: row.authorization_id,
  type: row.type,
  number: BigInt(row.number),
});

/** $1 how many  $2 bucket in which the head must not end yet */
const CHAINS = `
select e.bucket, e.authorization_id, e.type, e.number, e.secret_hash, c.client
from (select * from fill_chain where head_bucket >= $2::int and n % 50 <> 0 order by random() limit $1::int) c
join token_entry e on e.bucket = c.head_bucket and e.authorization_id = c.id and e.type = ${EntryType.refreshToken} and e.number = c.generation`;

const ENTRIES = (percent: number): string => `
select * from (
  select bucket, authorization_id, type, number, secret_hash from token_entry tablesample bernoulli (${percent})) drawn
order by random()`;
