import fc from 'fast-check';
import { formatCursor, LONGEST_CURSOR, parseCursor } from './feed-cursor.js';

const EPOCH = '7713618035205816650-00000001-1795966655.380600-1795966652.060829';

describe('The cursor of the feed', () => {
  it('comes back as it went, of a PostgreSQL snapshot with any list of what is under way', () => {
    const number = fc.bigInt({ min: 0n, max: 10n ** 19n - 1n }).map(String);
    fc.assert(
      fc.property(number, number, fc.array(number, { maxLength: 30 }), (xmin, xmax, underWay) => {
        const cursor = { epoch: EPOCH, snapshot: `${xmin}:${xmax}:${underWay.join()}` };
        expect(parseCursor(formatCursor(cursor))).toEqual(cursor);
      }),
    );
  });

  it('is nothing else, whatever it is made of', () => {
    const good = formatCursor({ epoch: EPOCH, snapshot: '10:12:10,11' });
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.string({ unit: 'binary', maxLength: 3 }), (at, text) => {
        const changed = good.slice(0, at) + text + good.slice(at + 1);
        const parsed = parseCursor(changed);
        if (parsed) expect(formatCursor(parsed)).toBe(changed);
      }),
    );
    for (const text of ['', 'A', `${good}=`, ` ${good}`, `${good}\n`]) expect(parseCursor(text)).toBeUndefined();
  });

  it('may be written longer than it is read', () => {
    const long = formatCursor({ epoch: EPOCH, snapshot: `1:2:${Array.from({ length: 2_000 }, () => '12345').join()}` });
    expect(long.length).toBeGreaterThan(LONGEST_CURSOR);
    expect(parseCursor(long)).toBeUndefined();
  });
});
