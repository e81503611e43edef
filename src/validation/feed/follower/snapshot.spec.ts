import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LogRow } from '../../../storage/revocation-log.store.js';
import { RevocationKind } from '../../../storage/revocation.store.js';
import type { Reloading } from '../feed-source.js';
import { takeIn } from './snapshot.js';

const expiresAt = new Date(Date.now() + 900_000);

/** Rows that take 10 µs each. */
function* slowRows(count: number): Generator<LogRow> {
  for (let i = 0; i < count; i++) {
    for (const end = performance.now() + 0.01; performance.now() < end;);
    yield { kind: RevocationKind.entry, key: randomBytes(8), expiresAt };
  }
}

/** Where it goes. */
class Taken implements Reloading {
  size = 0;
  add(rows: Iterable<LogRow>): void {
    this.size += [...rows].length;
  }
  complete(): void {
    throw new Error('Not by who takes it in.');
  }
}

describe('A snapshot is taken in', () => {
  it('whole, while others get their turn again and again', async () => {
    let done = false;
    const into = new Taken();
    const taking = takeIn(slowRows(10_000), into, new AbortController().signal).finally(() => (done = true));
    let turns = 0;
    for (; !done; turns++) await nextTurn();
    await taking;
    expect(into.size).toBe(10_000);
    expect(turns).toBeGreaterThanOrEqual(9);
  });

  it('or not, once that is told to stop', async () => {
    const stopping = new AbortController();
    const taken = takeIn(slowRows(1_000_000), new Taken(), stopping.signal);
    stopping.abort();
    await expect(taken).rejects.toThrow();
  });

  it('or not, where a row is none', async () => {
    const rows = (function* (): Generator<LogRow> {
      yield* slowRows(3);
      throw new TypeError('none');
    })();
    await expect(takeIn(rows, new Taken(), new AbortController().signal)).rejects.toThrow('none');
  });
});
