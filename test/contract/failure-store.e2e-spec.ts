import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { sha256 } from '../../src/protocol/hashing.js';
import { FailureStore, type CountedKey } from '../../src/storage/failure.store.js';
import { onServer } from '../support/on-server.js';
import { createStorage, type TestStorage } from '../support/storage.js';

/*
 * Seen to fail: with `blocked_until` asked by a statement of its own (more pass than may), without the null that aborts (refused ones are counted), with
 * `last_at` set by `reserve` (right ones keep the wrong ones in memory), with a refund that leaves the block, with a confirm that does not block.
 */
let storage: TestStorage;
let second: TestStorage;
let stores: readonly [FailureStore, FailureStore];
beforeAll(async () => {
  storage = await createStorage();
  second = await createStorage(storage);
  stores = [storage.module.get(FailureStore), second.module.get(FailureStore)];
});
afterAll(async () => {
  await second.close();
  await storage.close();
});

const policy = { free: 9, firstBlock: 600, longestBlock: 600, forgetAfter: 600 };
const now = (): Date => storage.clock.now();
const keys = (...names: string[]): CountedKey[] => names.map((key) => ({ key, policy }));
const inSeconds = (seconds: number): Date => new Date(now().getTime() + seconds * 1000);

interface Row {
  readonly count: number;
  readonly last_at: Date;
  readonly blocked_until: Date | null;
  readonly forget_at: Date;
}

/** By their hashes the rows cannot be told apart: each test has the table to itself. */
const rows = (): Promise<Row[]> =>
  storage.query<Row>('select count, last_at, blocked_until, forget_at from failure where count > 0 order by count, key');
beforeEach(() => storage.query('delete from failure'));

/** 64 at once on two pools. Tells how many passed. */
async function race(failuresOf: (n: number) => CountedKey[]): Promise<number> {
  const answers = await Promise.all(Array.from({ length: 64 }, (_, n) => stores[n % 2 === 0 ? 0 : 1].reserve(failuresOf(n), now())));
  return answers.filter((until) => until === undefined).length;
}

/**
 * Holds the place of a fresh key until as many wait for it as the pools let through, then gives it away: all of them have looked at a table in which it
 * was not.
 */
function throughGate<T>(key: string, work: () => Promise<T>): Promise<T> {
  return onServer(storage.url, (gate) =>
    onServer(storage.url, async (watch) => {
      await gate.query('begin');
      await gate.query('insert into failure (key, count, last_at, forget_at) values ($1, 1, now(), now())', [sha256(key)]);
      const result = work();
      for (const until = performance.now() + 5000; performance.now() < until; await sleep(2)) {
        const { rows: waiting } = await watch.query<{ n: number }>(WAITING);
        if (waiting[0]?.n === 20) break;
      }
      await gate.query('rollback');
      return result;
    }),
  );
}

const WAITING = `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;

describe('FailureStore.reserve', () => {
  const rounds = Array.from({ length: 5 }, (_, n) => n + 1);
  it.each(rounds)('lets exactly as many of 64 at once pass as may, under fresh keys (round %d)', async () => {
    expect(await race(() => keys('account', 'address'))).toBe(10);
    expect((await rows()).map(({ count }) => count)).toEqual([10, 10]);
  });

  it.each(rounds)('counts nothing for who is refused because of another key (round %d)', async () => {
    expect(await throughGate('address', () => race((n) => keys(`account ${n}`, 'address')))).toBe(10);
    expect((await rows()).map(({ count }) => count)).toEqual([...Array<number>(10).fill(1), 10]);
  });

  it.each(rounds)('nor under keys of which some are known (round %d)', async () => {
    await stores[0].record(keys('address', 'account 1', 'account 3'), now());
    expect(await race((n) => keys(`account ${n % 8}`, 'address'))).toBe(9);
    expect((await rows()).reduce((sum, { count }) => sum + count, 0)).toBe(10 + 9 + 2);
  });

  it('says until when the last of the keys is blocked', async () => {
    const strict = { free: 0, firstBlock: 20, longestBlock: 40, forgetAfter: 600 };
    expect(await stores[0].reserve([{ key: 'a', policy: strict }], now())).toBeUndefined();
    expect(await stores[0].reserve([...keys('b'), { key: 'a', policy: strict }], now())).toEqual(inSeconds(20));
    storage.clock.advance(20);
    expect(await stores[1].reserve([...keys('b'), { key: 'a', policy: strict }], now())).toBeUndefined();
    expect(await stores[0].reserve([{ key: 'a', policy: strict }], now())).toEqual(inSeconds(40));
  });

  it('counts a key once that is named twice', async () => {
    await stores[0].reserve(keys('a', 'a'), now());
    expect(await rows()).toMatchObject([{ count: 1 }]);
  });
});

describe('FailureStore.refund', () => {
  it('leaves a key as it was: neither counted, nor blocked, nor remembered for longer', async () => {
    for (let failure = 1; failure <= 9; failure++) await stores[0].record(keys('a'), now());
    const before = await rows();
    storage.clock.advance(100);
    expect(await stores[0].reserve(keys('a'), now())).toBeUndefined();
    expect(await stores[0].blockedUntil(['a'], now())).toEqual(inSeconds(600));
    await stores[0].refund(keys('a'), now());
    expect(await rows()).toEqual(before);
    storage.clock.advance(500);
    await stores[0].record(keys('a'), now());
    expect(await rows()).toMatchObject([{ count: 1 }]);
  });

  it('leaves nothing of a fresh key', async () => {
    await stores[0].reserve(keys('a'), now());
    await stores[0].refund(keys('a'), now());
    expect(await storage.query('select from failure where forget_at > $1', [now()])).toEqual([]);
  });

  it('forgets all failures of a key that is forgiven, and of no other', async () => {
    await stores[0].record(keys('a', 'b'), now());
    const before = await rows();
    await stores[0].reserve(keys('a', 'b'), now());
    await stores[0].refund(keys('a', 'b'), now(), ['a']);
    expect(await storage.query('select key from failure')).toEqual([{ key: sha256('b') }]);
    expect(await rows()).toEqual(before.slice(0, 1));
    expect(await stores[0].blockedUntil(['a'], now())).toBeUndefined();
  });

  it('does nothing to a key that was forgiven meanwhile', async () => {
    for (let attempt = 1; attempt <= 2; attempt++) await stores[0].reserve(keys('a'), now());
    await stores[0].refund(keys('a'), now(), ['a']);
    await stores[0].refund(keys('a'), now());
    expect(await rows()).toEqual([]);
  });

  it('neither waits for ever nor counts wrongly where many at once are forgiven and reserved', async () => {
    const both = keys('a', 'b');
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        Array.from({ length: 32 }, async (_, n) => {
          const store = stores[n % 2 === 0 ? 0 : 1];
          if ((await store.reserve(n % 4 < 2 ? both : both.toReversed(), now())) === undefined) await store.refund(both, now(), ['a']);
        }),
      );
      expect(await rows()).toEqual([]);
    }
  });
});

describe('FailureStore.confirm', () => {
  it('makes the attempt the last failure: reserve and confirm come to the same as record', async () => {
    const doubling = { free: 2, firstBlock: 10, longestBlock: 25, forgetAfter: 100 };
    const failure = (key: string) => [{ key, policy: doubling }];
    for (const pause of [0, 1, 50, 10, 20, 25, 25, 99, 100, 0]) {
      storage.clock.advance(pause);
      await stores[0].record(failure('a'), now());
      expect(await stores[1].reserve(failure('b'), now())).toBeUndefined();
      await stores[0].confirm(failure('b'), now());
      const [a, b] = await rows();
      expect(a).toEqual(b);
    }
  });

  it('blocks again, should another one that took longer than the block have been taken back', async () => {
    const short = [{ key: 'a', policy: { free: 0, firstBlock: 10, longestBlock: 100, forgetAfter: 1000 } }];
    await stores[0].reserve(short, now()); // the slow one
    storage.clock.advance(10);
    expect(await stores[0].reserve(short, now())).toBeUndefined();
    await stores[0].refund(short, now());
    await stores[0].confirm(short, now());
    expect(await stores[0].blockedUntil(['a'], now())).toEqual(inSeconds(10));
  });

  it('and so do any number at once, of which some are taken back: what is left are the failures', async () => {
    const long = { free: 5, firstBlock: 10, longestBlock: 100, forgetAfter: 1000 };
    const outcomes = fc.array(fc.boolean(), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(outcomes, fc.nat(5), async (failed, earlier) => {
        await storage.query('delete from failure');
        const key = [{ key: 'a', policy: long }];
        for (let n = 0; n < earlier; n++) await stores[0].record(key, now());
        const passed = await Promise.all(failed.map((_, n) => stores[n % 2 === 0 ? 0 : 1].reserve(key, now())));
        const tried = failed.filter((_, n) => passed[n] === undefined);
        expect(tried.length).toBe(Math.min(failed.length, 6 - earlier));
        await Promise.all(tried.map((lost, n) => stores[n % 2 === 0 ? 1 : 0][lost ? 'confirm' : 'refund'](key, now())));
        const failures = earlier + tried.filter(Boolean).length;
        expect((await rows()).map(({ count }) => count)).toEqual(failures > 0 ? [failures] : []);
        expect(await stores[0].blockedUntil(['a'], now())).toEqual(failures > 5 ? inSeconds(10) : undefined);
      }),
      { numRuns: 40 },
    );
  });
});
