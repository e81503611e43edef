import { randomFillSync } from 'node:crypto';
import { RevokedIds } from './revoked-ids.js';

const SOAK = process.env['SOAK'] === '1';
const REVOKED = SOAK ? 1_000_000 : 50_000;
const TRIED = SOAK ? 10_000_000 : 200_000;
const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 0, 1);

/** Pairs of random 32-bit halves. */
const randomPairs = (count: number): Int32Array => randomFillSync(new Int32Array(2 * count));
const eachOf = (pairs: Int32Array, visit: (high: number, low: number, index: number) => void): void => {
  for (let i = 0; i < pairs.length; i += 2) visit(pairs[i] ?? 0, pairs[i + 1] ?? 0, i / 2);
};
const countHits = (ids: RevokedIds, pairs: Int32Array): number => {
  let hits = 0;
  eachOf(pairs, (high, low) => (hits += ids.has(high, low) ? 1 : 0));
  return hits;
};

describe('Revoked ids', () => {
  // Log rows of one moment are in one table; those of a day are spread over all that there are.
  it.each([
    ['of one moment', 0],
    ['of a whole day', 24 * HOUR],
  ])('%s: holds each and no other, in at most 20 bytes', (_name, spread) => {
    const ids = new RevokedIds();
    const revoked = randomPairs(REVOKED);
    eachOf(revoked, (high, low, index) => ids.add(high, low, NOW + (index / REVOKED) * spread));
    expect(ids.size).toBe(REVOKED);
    expect(countHits(ids, revoked)).toBe(REVOKED);
    for (let tried = 0; tried < TRIED; tried += 200_000) expect(countHits(ids, randomPairs(200_000))).toBe(0);
    expect(ids.byteLength / REVOKED).toBeLessThanOrEqual(20);
  });

  it('tells ids apart that have a half in common, and knows the extremes', () => {
    const ids = new RevokedIds();
    const highs = [0, 1, -1, 0x7fffffff, -0x80000000];
    const lows = highs.slice(1);
    ids.add(1, 0xffffffff, NOW);
    expect([ids.has(1, -1), ids.has(0, -1), ids.has(1, 0), ids.has(0, 0)]).toEqual([true, false, false, false]);
    for (const high of highs) for (const low of lows) ids.add(high, low, NOW);
    for (const high of highs) for (const low of [...lows, 0, 0x80000000]) expect(ids.has(high, low)).toBe(true);
    expect(ids.size).toBe(highs.length * lows.length);
    expect(ids.has(2, 1)).toBe(false);
  });

  it('counts what comes twice once', () => {
    const ids = new RevokedIds();
    for (let i = 0; i < 3; i++) ids.add(7, 7, NOW);
    expect(ids.size).toBe(1);
  });

  it('lets go of what has expired and gives the room back', () => {
    const ids = new RevokedIds();
    for (let hour = 0; hour < 24; hour++) ids.add(hour + 1, hour + 1, NOW + hour * HOUR);
    ids.prune(NOW + 12 * HOUR - 1);
    const held = () => Array.from({ length: 24 }, (_, hour) => hour).filter((hour) => ids.has(hour + 1, hour + 1));
    expect(held()[0]).toBeLessThanOrEqual(12);
    const before = ids.byteLength;
    ids.prune(NOW + 19 * HOUR);
    expect(held()).toEqual([18, 19, 20, 21, 22, 23]);
    expect(ids.byteLength).toBeLessThan(before);
    ids.prune(NOW + 48 * HOUR);
    expect([ids.size, ids.byteLength]).toEqual([0, 0]);
  });

  it('keeps an id in spite of a clock that was an hour fast for a while', () => {
    const ids = new RevokedIds();
    ids.add(1, 1, NOW + 5 * HOUR);
    ids.prune(NOW + 6 * HOUR - 1 + HOUR);
    expect(ids.has(1, 1)).toBe(true);
  });
});
