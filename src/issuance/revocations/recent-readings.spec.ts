import fc from 'fast-check';
import { RevocationKind } from '../../storage/revocation.store.js';
import type { LogRow } from '../../storage/revocation-log.store.js';
import { RecentReadings } from './recent-readings.js';

const expiresAt = new Date(0);
const row = (name: string): LogRow => ({ kind: RevocationKind.signingKey, key: Buffer.from(name), expiresAt });
const names = (rows: readonly LogRow[] | undefined): string[] | undefined => rows?.map(({ key }) => key.toString());

describe('The latest readings', () => {
  it('tell what came after each of them, also after those that brought nothing', () => {
    const recent = new RecentReadings(10, 10);
    recent.note('a', []);
    recent.note('b', [row('1'), row('2')]);
    recent.note('c', []);
    recent.note('d', [row('3')]);
    const after = (cursor: string) => names(recent.since(recent.find(cursor) ?? NaN));
    expect(['a', 'b', 'c', 'd'].map(after)).toEqual([['1', '2', '3'], ['3'], ['3'], []]);
    expect(recent.find('e')).toBeUndefined();
  });

  it('let go of the oldest, and say so', () => {
    const recent = new RecentReadings(3, 10);
    for (const n of [1, 2, 3, 4]) recent.note(`c${n}`, [row(String(n))]);
    expect(recent.find('c1')).toBe(1); // what came after it is still there
    expect(names(recent.since(1))).toEqual(['2', '3', '4']);
    recent.note('c5', [row('5')]);
    expect([recent.find('c1'), recent.since(1)]).toEqual([undefined, undefined]);
    recent.note('c6', ['6', '7', '8', '9'].map(row)); // more than fits
    expect([recent.find('c5'), recent.since(5), recent.since(recent.find('c6') ?? NaN)]).toEqual([undefined, undefined, []]);
  });

  it('hold so many cursors', () => {
    const recent = new RecentReadings(10, 2);
    for (const cursor of ['a', 'b', 'b', 'c']) recent.note(cursor, []);
    expect(['a', 'b', 'c'].map((cursor) => recent.find(cursor))).toEqual([undefined, 0, 0]);
  });

  it('continue nothing after a restart', () => {
    const recent = new RecentReadings(10, 10);
    recent.note('a', [row('1')]);
    const { position } = recent;
    recent.restart();
    expect([recent.find('a'), recent.since(position)]).toEqual([undefined, undefined]);
    recent.note('b', [row('2')]);
    expect([recent.find('b'), names(recent.since(recent.position))]).toEqual([position + 2, []]);
  });

  it('tell from any position exactly what came since, or that they cannot', () => {
    const reading = fc.record({ rows: fc.nat(4), restart: fc.boolean() });
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 30 }), fc.integer({ min: 1, max: 8 }), (readings, mostRows) => {
        const recent = new RecentReadings(mostRows, 5);
        const told: string[] = [];
        const standing: { readonly position: number; readonly told: number }[] = [];
        readings.forEach(({ rows, restart }, n) => {
          if (restart && n % 7 === 6) {
            recent.restart();
            standing.length = 0;
          }
          const more = Array.from({ length: rows }, (_, k) => `${n}.${k}`);
          recent.note(`c${n}`, more.map(row));
          told.push(...more);
          standing.push({ position: recent.position, told: told.length });
          for (const { position, told: known } of standing) {
            const since = recent.since(position);
            if (since) expect(names(since)).toEqual(told.slice(known));
            else expect(told.length - known).toBeGreaterThan(mostRows);
          }
          expect(recent.find(`c${n}`)).toBe(recent.position);
        });
      }),
    );
  });
});
