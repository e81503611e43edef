import { SharedReading } from './shared-reading.js';

/** A reading whose answers come when the test says. */
class Source {
  readonly begun: { resolve(value: string): void; reject(error: Error): void }[] = [];
  readonly reading = new SharedReading(() => new Promise<string>((resolve, reject) => this.begun.push({ resolve, reject })));
}

const turns = () => new Promise((resolve) => setImmediate(resolve));

describe('A shared reading', () => {
  it('begins at once; all who ask meanwhile get the next, which begins when it has ended', async () => {
    const { begun, reading } = new Source();
    const first = reading.ask();
    const others = [reading.ask(), reading.ask(), reading.ask()];
    await turns();
    expect([begun.length, reading.isUnderWay]).toEqual([1, true]);
    begun[0]?.resolve('old');
    expect(await first).toBe('old');
    await turns();
    expect(begun).toHaveLength(2);
    begun[1]?.resolve('new');
    expect(await Promise.all(others)).toEqual(['new', 'new', 'new']);
    await turns();
    expect([begun.length, reading.isUnderWay]).toEqual([2, false]);
  });

  it('that fails is the failure of those who waited for it only', async () => {
    const { begun, reading } = new Source();
    const first = reading.ask();
    const other = reading.ask();
    begun[0]?.reject(new Error('away'));
    await expect(first).rejects.toThrow('away');
    await turns();
    begun[1]?.resolve('there');
    expect(await other).toBe('there');
  });

  it('is settled when the one under way has ended, however', async () => {
    const { begun, reading } = new Source();
    await reading.settled();
    reading.ask().catch(() => undefined);
    let settled = false;
    const waiting = reading.settled().then(() => (settled = true));
    await turns();
    expect(settled).toBe(false);
    begun[0]?.reject(new Error('away'));
    await waiting;
  });
});
