import { Partitions } from '../../src/storage/postgres/partitions.js';
import { DAY_MS } from '../../src/protocol/limits.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { MaintenanceStore } from '../../src/storage/maintenance.store.js';
import * as sql from './fill.sql.js';
import type { MeasuredDatabase } from './measured-database.js';
import { populationOf } from './population.js';

export interface FillOptions {
  /** Some clients let refresh tokens live for 60 days, the longest there is: entries in all partitions. @default true */
  readonly longLived?: boolean;
}

/** The days before today whose partitions are kept: the default retention. */
const DAYS_KEPT = 2;

/** Fills an empty database with so many token entries and what belongs to them, and leaves it vacuumed. */
export async function fill(database: MeasuredDatabase, entries: number, { longLived = true }: FillOptions = {}): Promise<void> {
  const population = populationOf(entries);
  const now = new Date();
  await makePartitions(database, now);
  for (let n = 1; n <= population.clients; n++) await insertClient(database, n, now);

  // One sort in the order of creation; nothing here is worth waiting for the disk, which the checkpoint at the end does.
  await database.query(`set work_mem = '512MB'; set synchronous_commit = off`);
  await database.query(sql.UUID_AT);
  await database.query(sql.PROOF);
  await database.query(sql.PEOPLE, [population.people, now]);
  await database.query(sql.CREDENTIALS);
  await database.query(sql.CHAINS);
  await database.query(sql.PLAN_CHAINS, [population.chains, population.linksPerChain, now, longLived ? 1 : 0]);
  await database.query(sql.GRANTS);
  await database.query(sql.SESSIONS);
  await database.query(sql.CONSENTS);
  await database.query(sql.LINKS);
  const [planned = { links: 0, access: 0 }] = await database.query<{ links: number; access: number }>(sql.PLANNED, [now]);
  await database.query(sql.ACCESS, [now, Math.max(0, entries - planned.links - planned.access)]);
  await database.query(sql.LOG_ROWS, [population.logRows, now]);
  await database.query(sql.KEYS);
  await database.query(`reset work_mem; reset synchronous_commit`);
  await database.query(`vacuum (analyze)`);
  await database.query(`checkpoint`);
}

export async function countEntries(database: MeasuredDatabase): Promise<number> {
  const [row] = await database.query<{ count: number }>(`select count(*)::int as count from token_entry`);
  return row?.count ?? 0;
}

/** All that are there in the steady state: those made ahead, and those kept. */
async function makePartitions(database: MeasuredDatabase, now: Date): Promise<void> {
  await database.get(MaintenanceStore).prepare(now);
  const today = Math.floor(now.getTime() / DAY_MS);
  const buckets = Array.from({ length: DAYS_KEPT }, (_, index) => today - 1 - index);
  await database.get(Partitions).make({ buckets, logUntil: now });
}

async function insertClient(database: MeasuredDatabase, n: number, now: Date): Promise<void> {
  const uris = { redirectUris: ['https://app.example.test/callback'], postLogoutRedirectUris: [], allowedOrigins: [] };
  const permissions = {
    endpoints: ['token', 'introspection'],
    grantTypes: ['refresh_token', 'client_credentials'],
    scopes: [],
    resources: [],
  } as const;
  const settings = n % 4 === 0 ? { referenceAccessTokens: true } : {};
  const kind = { type: 'confidential', authenticationMethod: 'client_secret_basic' } as const;
  await database.get(ClientStore).insert({ id: `client-${n}`, displayName: `Client ${n}`, ...kind, permissions, settings, ...uris }, now);
}
