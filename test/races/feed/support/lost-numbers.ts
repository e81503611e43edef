import type { Client } from 'pg';
import type { LogCursor } from '../../../../src/storage/revocation-log.store.js';
import { onServer } from '../../../support/on-server.js';
import { answered } from './standby.js';
import type { Followed } from './followed.js';
import { newKey } from './writers.js';

/** Transactions that take a number and nothing else: no log of the server needs to reach the disk for them. */
const TAKEN = 200;
const ATTEMPTS = 5;

/** A reading's end as somebody keeps it who believes in less than the whole epoch. */
interface WeakCursor {
  readonly epoch: string;
  readonly xmax: string;
  readonly underWay: readonly string[];
}

export interface Disaster {
  /** Where the database is, before and after. */
  readonly url: string;
  /** SQL of an epoch that lacks what this disaster changes. */
  readonly weakEpoch: string;
  strike(): Promise<void>;
}

/** What is known after transaction numbers went back, and past where the cursors stood. */
export interface Afterwards {
  readonly cursor: LogCursor;
  /** Of the row that was committed first, hexadecimal. */
  readonly key: string;
  /** What the weak cursor's next reading brought. Undefined: it noticed. */
  readonly weakly: readonly string[] | undefined;
}

/** Lets it happen under a tail until numbers went back: something in the server may by chance have written the last of them down. */
export async function loseNumbers(followed: Followed, { url, weakEpoch, strike }: Disaster): Promise<Afterwards> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { cursor, weak } = await onServer(url, async (client) => {
      for (let n = 0; n < TAKEN; n++) await client.query('select pg_current_xact_id()');
      return { cursor: await followed.end(), weak: await weakCursor(client, weakEpoch) };
    });
    await strike();
    await answered(url);
    const result = await onServer(url, async (client) => {
      const key = newKey();
      const { rows } = await client.query<{ xid: string }>(REVOKE, [key]);
      if (BigInt(rows[0]?.xid ?? 0) >= BigInt(weak.xmax)) return undefined;
      // By now nobody can tell from the numbers alone.
      while (BigInt((await weakCursor(client, weakEpoch)).xmax) < BigInt(weak.xmax)) await client.query('select pg_current_xact_id()');
      return { cursor, key, weakly: await readWeakly(client, weak, weakEpoch) };
    });
    if (result) return result;
  }
  throw new Error('Numbers did not go back.');
}

const REVOKE = `
insert into revocation_log (kind, key, created_at, expires_at) values (2, decode($1, 'hex'), now(), now() + interval '1 hour') returning xid::text`;

async function weakCursor(client: Client, epoch: string): Promise<WeakCursor> {
  const { rows } = await client.query<{ epoch: string; snapshot: string }>(
    `select ${epoch} as epoch, pg_current_snapshot()::text as snapshot`,
  );
  const [, xmax = '', underWay = ''] = rows[0]?.snapshot.split(':') ?? [];
  return { epoch: rows[0]?.epoch ?? '', xmax, underWay: underWay.split(',').filter(Boolean) };
}

async function readWeakly(
  client: Client,
  { epoch, xmax, underWay }: WeakCursor,
  weakEpoch: string,
): Promise<readonly string[] | undefined> {
  const now = await weakCursor(client, weakEpoch);
  if (now.epoch !== epoch || BigInt(now.xmax) < BigInt(xmax)) return undefined;
  const text = `select encode(key, 'hex') as key from revocation_log where xid >= $1::xid8 or xid = any ($2::xid8[])`;
  return (await client.query<{ key: string }>(text, [xmax, underWay])).rows.map(({ key }) => key);
}
