import { setTimeout as sleep } from 'node:timers/promises';
import { onServer } from '../../support/on-server.js';
import type { Stage } from './stage.js';

/**
 * Holds a grant's row until so many statements wait for it, then lets go: they have all begun before any of them is judged. Without it, on a busy
 * machine, requests that were sent at once reach the database one after the other.
 */
export async function throughGate<T>(stage: Stage, authorizationId: string, waiting: number, work: () => Promise<T>): Promise<T> {
  return onServer(stage.database.url, async (gate) => {
    await gate.query('begin isolation level read committed');
    await gate.query('select from authorizations where id = $1 for update', [authorizationId]);
    const result = work();
    // Below the time-out of a statement: should fewer come, the round is still a round.
    for (const until = performance.now() + 5000; performance.now() < until; await sleep(2)) {
      const [row] = await stage.query<{ n: number }>(WAITING);
      if ((row?.n ?? 0) >= waiting) break;
    }
    await gate.query('commit');
    return result;
  });
}

const WAITING = `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
