import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { parseTokenId } from '../../../src/protocol/entry-key.js';
import { tokenHash } from '../../../src/protocol/hashing.js';
import { parseToken } from '../../../src/protocol/token-string.js';
import { accessTokenId } from '../../races/support/one-successor.js';
import { openChain, type Chain } from '../../support/chain.js';
import { publicClient } from '../../support/clients.js';
import { onServer } from '../../support/on-server.js';
import { startServiceProcess, type ServiceProcess } from '../../support/start-service-process.js';
import { asOperator } from './operator.js';
import { RefreshingClient } from './refreshing-client.js';

const CLIENTS = 32;
const masterKey = randomBytes(32).toString('hex');

/** The leeway is longer than any outage of these tests. */
export const startService = (databaseUrl: string, port = 0): Promise<ServiceProcess> =>
  startServiceProcess({ databaseUrl, masterKey, port, issuance: { leeway: 300 } });

/** What the clients and the database know after the last crash. */
export interface Aftermath {
  readonly rotations: number;
  /** Attempts that were not answered. */
  readonly retries: number;
  /** Rotations that were committed before the attempt that was answered. */
  readonly recovered: number;
  readonly unexpected: readonly string[];
  readonly chains: readonly { readonly entries: number; readonly generation: number; readonly acknowledged: number }[];
  readonly logged: number;
  /** Tokens a client has, but the database has not. */
  readonly lost: number;
}

/** Crashes something again and again under clients that refresh, then lets each present its last token once more. */
export async function crashUnderLoad(
  databaseUrl: string,
  service: ServiceProcess,
  crashes: number,
  crash: () => Promise<void>,
): Promise<Aftermath> {
  const { clientId, chains } = await openChains(databaseUrl);
  const clients = chains.map(({ refreshToken }) => new RefreshingClient(service.url, clientId, refreshToken));
  const running = clients.map((client) => client.run());
  for (let n = 0; n < crashes; n++) {
    await progress(clients);
    await crash();
  }
  await progress(clients);
  clients.forEach((client) => client.stop());
  await Promise.all(running);
  await Promise.all(clients.map((client) => client.refresh()));
  return onServer(databaseUrl, (database) => takeStock(database, clients, chains));
}

/** Waits until every client has been answered again, twice. */
async function progress(clients: readonly RefreshingClient[]): Promise<void> {
  const before = clients.map(({ acknowledged }) => acknowledged.length);
  const done = ({ acknowledged, unexpected }: RefreshingClient, i: number) =>
    unexpected.length > 0 || acknowledged.length >= (before[i] ?? 0) + 2;
  while (!clients.every(done)) await sleep(5);
}

const openChains = (databaseUrl: string): Promise<{ clientId: string; chains: Chain[] }> =>
  asOperator(databaseUrl, async (operator) => {
    const { id: clientId } = await publicClient().register(operator as never);
    return { clientId, chains: await Promise.all(Array.from({ length: CLIENTS }, () => openChain(operator, { client: clientId }))) };
  });

async function takeStock(database: ClientBase, clients: readonly RefreshingClient[], chains: readonly Chain[]): Promise<Aftermath> {
  const acknowledged = clients.flatMap((client) => client.acknowledged);
  const { rows: found } = await database.query<{ n: string; created_at: Date }>(FIND_ENTRIES, entryColumns(acknowledged));
  const createdAt = new Map(found.map((row) => [Number(row.n), row.created_at.getTime()]));
  const { rows: grants } = await database.query<{ id: string; entries: number; generation: number }>(CHAINS, [
    chains.map((chain) => chain.authorizationId),
  ]);
  const { rows: log } = await database.query<{ logged: number }>('select count(*)::int as logged from revocation_log where kind <> 5');
  return {
    rotations: acknowledged.length,
    retries: acknowledged.reduce((sum, { failedBefore }) => sum + failedBefore, 0),
    // Its own attempt cannot have been before it was made; some milliseconds for two clocks.
    recovered: acknowledged.filter(({ askedAt }, i) => (createdAt.get(2 * i + 1) ?? Infinity) < askedAt - 10).length,
    unexpected: clients.flatMap((client) => client.unexpected),
    chains: grants.map(({ id, entries, generation }) => {
      const client = clients[chains.findIndex((chain) => chain.authorizationId === id)];
      return { entries, generation, acknowledged: client?.acknowledged.length ?? NaN };
    }),
    logged: log[0]?.logged ?? NaN,
    lost: 2 * acknowledged.length - found.length,
  };
}

/** Each token as a row: link and access entry in turn. */
function entryColumns(acknowledged: RefreshingClient['acknowledged']): unknown[] {
  const entries = acknowledged.flatMap(({ refreshToken, accessToken }) => {
    const link = parseToken(refreshToken);
    const access = parseTokenId(accessTokenId(accessToken));
    if (!link || !access) throw new Error('A token that was answered is none.');
    return [
      { ...link.key, hash: tokenHash(link) },
      { ...access, hash: null },
    ];
  });
  return [
    entries.map(({ bucket }) => bucket),
    entries.map(({ authorizationId }) => authorizationId),
    entries.map(({ type }) => type),
    entries.map(({ number }) => number),
    entries.map(({ hash }) => hash),
  ];
}

const FIND_ENTRIES = `
select n, e.created_at
from unnest($1::int[], $2::uuid[], $3::smallint[], $4::bigint[], $5::bytea[]) with ordinality t (bucket, authorization_id, type, number, hash, n)
join token_entry e on e.bucket = t.bucket and e.authorization_id = t.authorization_id and e.type = t.type and e.number = t.number
  and e.secret_hash is not distinct from t.hash`;

const CHAINS = `
select a.id, a.generation::int, (select count(*)::int from token_entry e where e.authorization_id = a.id) as entries
from authorizations a where a.id = any($1::uuid[])`;
