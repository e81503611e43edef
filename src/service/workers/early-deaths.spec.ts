import { EarlyDeaths } from './early-deaths.js';

describe('what follows the death of a worker', () => {
  const after = (...lives: readonly number[]): (number | undefined)[] => {
    const deaths = new EarlyDeaths();
    return lives.map((lived) => deaths.pauseAfter(lived));
  };

  it('another one at once, where it had lived for a while', () => {
    expect(after(10_000, 86_400_000, 10_000, 10_000, 10_000, 10_000)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('another one after pauses that double, where it had only just started, and none after the fifth in a row', () => {
    expect(after(0, 9_999, 300, 5_000, 1)).toEqual([250, 500, 1_000, 2_000, undefined]);
  });

  it('a long life in between forgives the short ones', () => {
    expect(after(1, 1, 1, 1, 10_000, 1, 1, 1, 1, 1)).toEqual([250, 500, 1_000, 2_000, 0, 250, 500, 1_000, 2_000, undefined]);
  });
});
