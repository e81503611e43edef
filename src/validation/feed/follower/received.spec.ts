import { receive, rowsOfReceived } from './received.js';

describe('A part of the feed', () => {
  const sent = performance.now() - 1_000;
  const of = (part: object, id?: string) => receive(JSON.stringify(part), sent, id);

  it('is as new as the moment of the question and what the service says passed since, less what clocks may drift', () => {
    const { asOf } = of({ cursor: 'c', up_ms: 900 });
    expect(asOf).toBeLessThanOrEqual(sent + 900 - 0.2);
    expect(asOf).toBeGreaterThan(sent + 890);
    expect(of({ cursor: 'c', up_ms: -500 }).asOf).toBeLessThan(sent - 500);
  });

  it('is refused if it seems to be from the future: our monotonic clock stood still meanwhile', () => {
    expect(() => of({ cursor: 'c', up_ms: 3_000 })).toThrow('suspension');
    const { asOf } = of({ cursor: 'c', up_ms: 1_500 });
    expect(asOf).toBeGreaterThan(sent + 1_490);
  });

  it('leaves one where it says, or where one was', () => {
    expect(of({ cursor: 'c', up_ms: 0 }).cursor).toBe('c');
    expect(of({ up_ms: 0 }).cursor).toBeUndefined();
    expect(of({ cursor: 'c', up_ms: 0 }, 'id').cursor).toBe('id');
    expect(of({ cursor: 'c', up_ms: 0 }, '').cursor).toBeUndefined(); // an event without id
  });

  it.each(['', '{', 'null', '[]', '"x"', '{}', '{"up_ms":"1"}', '{"up_ms":null}', '{"up_ms":1e999}'])('is none: %s', (text) => {
    expect(() => receive(text, sent)).toThrow(/not JSON|wrong form/);
  });

  it.each(['a b', 'a\r\nx: y', 'ä', 'x'.repeat(20_000), 7, {}])('has a cursor that could not be sent back: %j', (cursor) => {
    expect(() => of({ cursor, up_ms: 0 })).toThrow('wrong form');
  });

  it.each([
    { entries: 7 },
    { entries: [null] },
    { entries: [{ ids: 'AAAA', expires: 1 }] },
    { clients: [{}] },
    { signing_keys: [{ kid: 1 }] },
  ])('whose rows have the wrong form: %j', (lists) => {
    expect(() => [...rowsOfReceived(of({ up_ms: 0, ...lists }))]).toThrow('wrong form');
  });
});
