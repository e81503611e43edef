import fc from 'fast-check';
import pg from 'pg';
import { ROW_TYPES } from './row-types.js';

const read = (oid: number, text: string): [ours: unknown, pgs: unknown] => [
  ROW_TYPES.getTypeParser(oid)(text),
  pg.types.getTypeParser(oid)(text),
];

/** As PostgreSQL writes an element: quoted where its text would say something else. */
const element = (value: string | null): string => {
  if (value === null) return 'NULL';
  return value === '' || /[{},"\\\s]/.test(value) || /^null$/i.test(value) ? `"${value.replace(/[\\"]/g, '\\$&')}"` : value;
};

describe('Columns', () => {
  it('of type text[] are read as pg reads them', () => {
    const value = fc.oneof(
      fc.constantFrom('openid', 'https://api.example', 'NULL', 'null', '', 'a,b', '{', '}', 'a{b}', '"', '\\', ' ', 'é'),
      fc.string({ maxLength: 5 }),
      fc.constant(null),
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), (values) => {
        const [ours, pgs] = read(1009, `{${values.map(element).join(',')}}`);
        expect(ours).toEqual(pgs);
        expect(ours).toEqual(values);
      }),
      { numRuns: 2_000 },
    );
    for (const text of ['{{a,b},{c,d}}', '[0:1]={a,b}']) expect(read(1009, text)[0]).toEqual(read(1009, text)[1]);
  });

  it('of type timestamptz are read as pg reads them', () => {
    const date = fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true });
    const zone = fc.constantFrom('+00', '+01', '-03:30', '+00:00:30');
    const fraction = fc.oneof(
      fc.constant(''),
      fc.integer({ min: 1, max: 999_999 }).map((micros) => `.${String(micros).padStart(6, '0').replace(/0+$/, '')}`),
    );
    fc.assert(
      fc.property(date, fraction, zone, (at, part, offset) => {
        const [ours, pgs] = read(1184, `${at.toISOString().slice(0, 19).replace('T', ' ')}${part}${offset}`);
        expect((ours as Date).getTime()).toBe((pgs as Date).getTime());
      }),
      { numRuns: 5_000 },
    );
    for (const text of ['infinity', '-infinity', '0044-03-15 12:00:00+00 BC', '12026-11-30 09:18:53+00'])
      expect(read(1184, text)[0]).toEqual(read(1184, text)[1]);
  });

  it('of other types, and in binary, are pg’s own', () => {
    for (const oid of [16, 20, 114, 3802, 1114]) expect(ROW_TYPES.getTypeParser(oid)).toBe(pg.types.getTypeParser(oid));
    expect(ROW_TYPES.getTypeParser(1184, 'binary')).toBe(pg.types.getTypeParser(1184, 'binary'));
  });
});
