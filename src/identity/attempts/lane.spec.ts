import { Lane, LaneFullError } from './lane.js';

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Lane', () => {
  it('runs so many at once, in order of arrival, whether they succeed or fail', async () => {
    const lane = new Lane(2, 100);
    const begun: number[] = [];
    let running = 0;
    let most = 0;
    const work = Array.from({ length: 20 }, (_, n) =>
      lane.run(async () => {
        begun.push(n);
        most = Math.max(most, ++running);
        await tick();
        running--;
        if (n % 3 === 0) throw new Error('failed');
        return n;
      }),
    );
    const results = await Promise.allSettled(work);
    expect(most).toBe(2);
    expect(begun).toEqual([...begun].sort((a, b) => a - b));
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(7);
    expect(lane.idle).toBe(true);
  });

  it('refuses what cannot wait, without beginning it', async () => {
    const lane = new Lane(1, 1);
    let begun = 0;
    const work = [1, 2, 3].map(() =>
      lane.run(async () => {
        begun++;
        await tick();
      }),
    );
    await expect(work[2]).rejects.toBeInstanceOf(LaneFullError);
    await Promise.all(work.slice(0, 2));
    expect(begun).toBe(2);
    await expect(lane.run(() => Promise.resolve('again'))).resolves.toBe('again');
  });
});
