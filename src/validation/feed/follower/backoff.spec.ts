import { Backoff } from './backoff.js';

const pauses = (random: number, count: number) => {
  const backoff = new Backoff(() => random);
  return Array.from({ length: count }, () => backoff.next());
};

describe('The pauses between attempts', () => {
  it('grow from 100 ms to 5 s, up to twice as long for one as for another', () => {
    expect(pauses(0, 7)).toEqual([100, 200, 400, 800, 1600, 2500, 2500]);
    expect(pauses(1, 7)).toEqual([200, 400, 800, 1600, 3200, 5000, 5000]);
  });

  it('are short again once something was heard', () => {
    const backoff = new Backoff(() => 0);
    for (let i = 0; i < 5; i++) backoff.next();
    backoff.reset();
    expect(backoff.next()).toBe(100);
  });

  it('are as long as the service asks for, but never above half a minute, and not the same for everybody', () => {
    expect(new Backoff(() => 0).next(3_000)).toBe(3_100);
    expect(new Backoff(() => 1).next(3_000)).toBe(3_200);
    expect(new Backoff(() => 0).next(3_600_000)).toBe(30_100);
  });

  it('are long at once where only a change helps', () => {
    expect(new Backoff(() => 0).slowest()).toBe(2_500);
    expect(new Backoff(() => 1).slowest()).toBe(5_000);
  });
});
