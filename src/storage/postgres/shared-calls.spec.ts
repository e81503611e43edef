import { setTimeout as sleep } from 'node:timers/promises';
import { StorageUnavailableError } from '../storage-unavailable.error.js';
import { SharedCalls, type Sharing } from './shared-calls.js';

/** A run that ends when the test says so. */
interface Trip {
  readonly calls: readonly string[];
  readonly end: () => void;
  readonly fail: (error: unknown) => void;
}

function shared(apart?: Sharing<string, string>['apart']): { calls: SharedCalls<string, string>; trips: Trip[] } {
  const trips: Trip[] = [];
  const run = (calls: readonly string[]): Promise<string[]> =>
    new Promise((resolve, reject) => {
      trips.push({ calls, end: () => resolve(calls.map((call) => `${call}!`)), fail: reject });
    });
  return { calls: new SharedCalls({ run, ...(apart && { apart }) }), trips };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const ridden = (trips: readonly Trip[]): string[] => trips.map(({ calls }) => calls.join(' '));
const end = async (trip: Trip | undefined): Promise<void> => {
  trip?.end();
  await turn();
};

describe('Calls that share a statement', () => {
  it('go at once while nothing much is under way; what comes later rides with the next', async () => {
    const { calls, trips } = shared();
    const answers = Promise.all(['a', 'b', 'c', 'd', 'e'].map((call) => calls.ask(call)));
    expect(ridden(trips)).toEqual(['a', 'b']);
    await end(trips[0]);
    expect(ridden(trips)).toEqual(['a', 'b', 'c d e']);
    trips.forEach((trip) => trip.end());
    expect(await answers).toEqual(['a!', 'b!', 'c!', 'd!', 'e!']);
  });

  it('are no more than 64', async () => {
    const { calls, trips } = shared();
    const names = Array.from({ length: 150 }, (_, n) => `${n}`);
    const answers = Promise.all(names.map((name) => calls.ask(name)));
    for (let n = 0; n < 5; n++) await end(trips[n]);
    expect(trips.map((trip) => trip.calls.length)).toEqual([1, 1, 64, 64, 20]);
    expect(await answers).toEqual(names.map((name) => `${name}!`));
  });

  it('do not wait for one that is held up', async () => {
    const { calls, trips } = shared();
    const answers = Promise.all(['a', 'b', 'c', 'd'].map((call) => calls.ask(call)));
    while (trips.length < 3) await sleep(5);
    expect(ridden(trips)).toEqual(['a', 'b', 'c d']);
    // But they do not take all there is for it.
    const more = [calls.ask('e')];
    while (trips.length < 4) await sleep(5);
    more.push(calls.ask('f'), calls.ask('g'));
    await sleep(150);
    expect(ridden(trips)).toEqual(['a', 'b', 'c d', 'e']);
    await end(trips[0]);
    expect(ridden(trips).at(-1)).toBe('f g');
    trips.forEach((trip) => trip.end());
    await Promise.all([answers, ...more]);
  });

  it('that are alike never share: the later one goes by itself, at once', async () => {
    const { calls, trips } = shared((call) => call[0] ?? '');
    const answers = Promise.all(['a1', 'b1', 'd1', 'a2', 'd2', 'c1'].map((call) => calls.ask(call)));
    await turn();
    expect(ridden(trips)).toEqual(['a1', 'b1', 'a2', 'd2']);
    await end(trips[0]);
    expect(ridden(trips)).toEqual(['a1', 'b1', 'a2', 'd2', 'c1 d1']); // in the order of what they change
    trips.forEach((trip) => trip.end());
    expect(await answers).toEqual(['a1!', 'b1!', 'd1!', 'a2!', 'd2!', 'c1!']);
    // Nothing is remembered of those that are over.
    const again = calls.ask('a3');
    expect(ridden(trips.slice(5))).toEqual(['a3']);
    await end(trips[5]);
    expect(await again).toBe('a3!');
  });

  it('fail alone where the database refuses one of them', async () => {
    const { calls, trips } = shared();
    const answers = Promise.allSettled(['a', 'b', 'c', 'bad', 'd'].map((call) => calls.ask(call)));
    await end(trips[0]);
    trips[2]?.fail(new Error('duplicate key'));
    await turn();
    expect(ridden(trips.slice(3))).toEqual(['c', 'bad', 'd']);
    trips.forEach(({ calls: [call], ...trip }) => (call === 'bad' ? trip.fail(new Error('duplicate key')) : trip.end()));
    expect((await answers).map((answer) => (answer.status === 'fulfilled' ? answer.value : String(answer.reason)))).toEqual([
      ...['a!', 'b!', 'c!', 'Error: duplicate key', 'd!'],
    ]);
  });

  it('fail together where the database is away, and ask no more of it', async () => {
    const { calls, trips } = shared();
    const answers = Promise.allSettled(['a', 'b', 'c', 'd'].map((call) => calls.ask(call)));
    trips.forEach((trip) => trip.end());
    await turn();
    trips[2]?.fail(new StorageUnavailableError(new Error('gone')));
    expect((await answers).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(trips).toHaveLength(3);
    // The next ones try again.
    const next = calls.ask('e');
    await end(trips[3]);
    expect(await next).toBe('e!');
  });
});
