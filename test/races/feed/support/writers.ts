import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { onServer } from '../../../support/on-server.js';
import { machineTime } from './machine-time.js';

/** What writers know of their rows, by key, hexadecimal. */
export class Ledger {
  /** With the moment of the machine at which the commit was sent. */
  readonly committed = new Map<string, number>();
  readonly undone = new Set<string>();
}

/** Beside the log, a table as one would make it who follows it by a sequence or by the time of day. */
export const NAIVE_TABLE = `
create table naive_log (seq bigserial primary key, created_at timestamptz not null default clock_timestamp(), key bytea not null);
create index on naive_log (created_at)`;

/** A row in both. $1 key */
export const INSERT = {
  name: 'insert_into_both',
  text: `
with naive as (insert into naive_log (key) values (decode($1, 'hex')))
insert into revocation_log (kind, key, created_at, expires_at) values (2, decode($1, 'hex'), now(), now() + interval '1 hour')`,
};

export const newKey = (): string => randomUUID().replaceAll('-', '');

/** Transactions one after the other, held open at random, some rolled back, some with savepoints. */
export const write = (url: string, ledger: Ledger, until: number): Promise<void> =>
  onServer(url, async (client) => {
    while (machineTime() < until) await transaction(client, ledger);
  });

async function transaction(client: Client, ledger: Ledger): Promise<void> {
  const keys = [newKey()];
  await client.query('begin');
  await client.query({ ...INSERT, values: keys });
  if (Math.random() < 0.1) keys.push(...(await inSavepoint(client, ledger)));
  await sleep(Math.random() * (Math.random() < 0.02 ? 500 : 20));
  if (Math.random() < 0.05) {
    await client.query('rollback');
    keys.forEach((key) => ledger.undone.add(key));
    return;
  }
  const sent = machineTime();
  await client.query('commit');
  keys.forEach((key) => ledger.committed.set(key, sent));
}

async function inSavepoint(client: Client, ledger: Ledger): Promise<string[]> {
  const key = newKey();
  await client.query('savepoint inner_part');
  await client.query({ ...INSERT, values: [key] });
  if (Math.random() < 0.5) return [key];
  await client.query('rollback to savepoint inner_part');
  ledger.undone.add(key);
  return [];
}
