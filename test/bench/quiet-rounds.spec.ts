import { isQuiet, quietest } from '../../bench/measure/quiet-rounds.js';

describe('the rounds that count', () => {
  it('are the quietest, in the order of their measurement', () => {
    const rounds = [0.5, 0.1, 0.9, 0.2, 0.3].map((foreign) => ({ foreign }));
    expect(quietest(rounds, 3).map(({ foreign }) => foreign)).toEqual([0.1, 0.2, 0.3]);
    expect(quietest(rounds, 9)).toEqual(rounds);
  });

  it('may have a quarter of a core that others keep busy', () => {
    expect(isQuiet({ foreign: 0.25 })).toBe(true);
    expect(isQuiet({ foreign: 0.26 })).toBe(false);
  });

  it('count where nobody knows what others do', () => {
    expect(isQuiet({ foreign: NaN })).toBe(true);
  });
});
