import fc from 'fast-check';
import { streamEvents } from './stream-events.js';

const eventsOf = async (pieces: readonly (string | Uint8Array)[]) => {
  const events = [];
  for await (const some of streamEvents(bodyOf(pieces))) events.push(...some);
  return events.map(({ id, event, data }) => ({ id, event, data }));
};

async function* bodyOf(pieces: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(typeof piece === 'string' ? Buffer.from(piece) : piece);
}

describe('Server-sent events', () => {
  const text = ': hello\n\nid: 1\nevent: delta\ndata: {"up_ms":\ndata: 1}\n\nretry: 5\nother: x\ndata:ä\n\nevent: tick\ndata: {}\n';
  const events = [
    { id: '1', event: 'delta', data: '{"up_ms":\n1}' },
    { id: undefined, event: undefined, data: 'ä' },
  ];

  it.each(['\n', '\r\n', '\r'])('are read with line ends %j, comments and lines of data; half an event is none', async (end) => {
    expect(await eventsOf([text.replaceAll('\n', end)])).toEqual(events);
  });

  it('are the same wherever they are cut, in the middle of a line end or of a character as well', async () => {
    const bytes = Buffer.from(text.replaceAll('\n', '\r\n'));
    const cuts = fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(cuts, async (places) => {
        const ends = [...places.sort((a, b) => a - b), bytes.length];
        expect(await eventsOf(ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end)))).toEqual(events);
      }),
    );
  });

  it('tell of a piece without events, so that who reads knows that something came', async () => {
    const pieces = [];
    for await (const some of streamEvents(bodyOf([':\n\n', 'data: 1\n\n', 'da']))) pieces.push(some.length);
    expect(pieces).toEqual([0, 1, 0]);
  });

  it.each([
    ['in one line', 'x'.repeat(1 << 20)],
    ['in many', `data: ${'x'.repeat(1 << 20)}\n`],
  ])('without an end are given up, %s', async (_name, piece) => {
    await expect(eventsOf(['data: ', ...Array<string>(6).fill(piece)])).rejects.toThrow('too long');
  });
});
