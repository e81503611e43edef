import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LogRow } from '../../../storage/revocation-log.store.js';
import type { Reloading } from '../feed-source.js';

/** Rows between two looks at the clock. */
const SLICE = 1_000;
/** Milliseconds after which others get their turn. */
const TURN = 8;

/** Passes on what a snapshot tells while requests are served. @throws AbortError, what the rows throw */
export async function takeIn(rows: Iterator<LogRow>, reloading: Reloading, stopped: AbortSignal): Promise<void> {
  let turn = performance.now();
  for (let next = rows.next(); !next.done;) {
    const slice: LogRow[] = [];
    for (; !next.done && slice.length < SLICE; next = rows.next()) slice.push(next.value);
    reloading.add(slice);
    if (performance.now() - turn < TURN) continue;
    await nextTurn(undefined, { signal: stopped });
    turn = performance.now();
  }
}
