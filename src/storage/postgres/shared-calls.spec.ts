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

/** A turn for each. */
async function oneByOne(calls: SharedCalls<string, string>, names: readonly string[]): Promise<Promise<string>[]> {
  const answers: Promise<string>[] = [];
  for (const name of names) {
    answers.push(calls.ask(name));
    await turn();
  }
  return answers;
}

describe('Calls that share a statement', () => {
  it('of one turn of the event loop go together at its end; what comes while two are under way rides with the next', async () => {
    const { calls, trips } = shared();
    const answers = [calls.ask('a'), calls.ask('b')];
    await turn();
    answers.push(calls.ask('c'));
    await turn();
    answers.push(calls.ask('d'), calls.ask('e'));
    await turn();
    expect(ridden(trips)).toEqual(['a b', 'c']);
    await end(trips[0]);
    expect(ridden(trips)).toEqual(['a b', 'c', 'd e']);
    trips.forEach((trip) => trip.end());
    expect(await Promise.all(answers)).toEqual(['a!', 'b!', 'c!', 'd!', 'e!']);
  });

  it('are no more than 64', async () => {
    const { calls, trips } = shared();
    const names = Array.from({ length: 150 }, (_, n) => `${n}`);
    const answers = Promise.all(names.map((name) => calls.ask(name)));
    await turn();
    await turn();
    expect(trips).toHaveLength(2);
    for (let n = 0; n < 3; n++) await end(trips[n]);
    expect(trips.map((trip) => trip.calls.length)).toEqual([64, 64, 22]);
    expect(await answers).toEqual(names.map((name) => `${name}!`));
  });

  it('do not wait for one that is held up', async () => {
    const { calls, trips } = shared();
    const answers = await oneByOne(calls, ['a', 'b']);
    answers.push(...['c', 'd'].map((call) => calls.ask(call)));
    while (trips.length < 3) await sleep(5);
    expect(ridden(trips)).toEqual(['a', 'b', 'c d']);
    // But they do not take all there is for it.
    answers.push(calls.ask('e'));
    while (trips.length < 4) await sleep(5);
    answers.push(calls.ask('f'), calls.ask('g'));
    await sleep(150);
    expect(ridden(trips)).toEqual(['a', 'b', 'c d', 'e']);
    await end(trips[0]);
    expect(ridden(trips).at(-1)).toBe('f g');
    trips.forEach((trip) => trip.end());
    await Promise.all(answers);
  });

  it('do not wait for those that are held up either when they are more than go together', async () => {
    const { calls, trips } = shared();
    const answers = Array.from({ length: 300 }, (_, n) => calls.ask(`${n}`));
    while (trips.length < 4) await sleep(5);
    expect(trips.map((trip) => trip.calls.length)).toEqual([64, 64, 64, 64]);
    for (let n = 0; n < 5; n++) await end(trips[n]);
    expect(await Promise.all(answers)).toHaveLength(300);
  });

  it('that are alike never share: the later one goes by itself, at once', async () => {
    const { calls, trips } = shared((call) => call[0] ?? '');
    const answers = [...(await oneByOne(calls, ['a1', 'b1'])), ...['d1', 'a2', 'd2', 'c1'].map((call) => calls.ask(call))];
    await turn();
    expect(ridden(trips)).toEqual(['a1', 'b1', 'a2', 'd2']);
    await end(trips[0]);
    expect(ridden(trips)).toEqual(['a1', 'b1', 'a2', 'd2', 'c1 d1']); // in the order of what they change
    trips.forEach((trip) => trip.end());
    expect(await Promise.all(answers)).toEqual(['a1!', 'b1!', 'd1!', 'a2!', 'd2!', 'c1!']);
    // Nothing is remembered of those that are over.
    const [again] = await oneByOne(calls, ['a3']);
    expect(ridden(trips.slice(5))).toEqual(['a3']);
    await end(trips[5]);
    expect(await again).toBe('a3!');
  });

  it('fail alone where the database refuses one of them', async () => {
    const { calls, trips } = shared();
    const answers = Promise.allSettled(['a', 'bad', 'b'].map((call) => calls.ask(call)));
    await turn();
    trips[0]?.fail(new Error('duplicate key'));
    await turn();
    expect(ridden(trips.slice(1))).toEqual(['a', 'bad', 'b']);
    trips.forEach(({ calls: [call], ...trip }) => (call === 'bad' ? trip.fail(new Error('duplicate key')) : trip.end()));
    expect((await answers).map((answer) => (answer.status === 'fulfilled' ? answer.value : String(answer.reason)))).toEqual([
      ...['a!', 'Error: duplicate key', 'b!'],
    ]);
  });

  it('fail together where the database is away, and ask no more of it', async () => {
    const { calls, trips } = shared();
    const answers = Promise.allSettled(['a', 'b', 'c'].map((call) => calls.ask(call)));
    await turn();
    trips[0]?.fail(new StorageUnavailableError(new Error('gone')));
    expect((await answers).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(trips).toHaveLength(1);
    // The next ones try again.
    const [next] = await oneByOne(calls, ['d']);
    await end(trips[1]);
    expect(await next).toBe('d!');
  });
});
