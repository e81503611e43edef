import { readOptions } from '../../bench/options.js';

describe('the options of the bench', () => {
  it('prefers what is on the command line', () => {
    expect(readOptions(['--rounds', '5'], { ROUNDS: '7', SECONDS: '2' })).toMatchObject({ rounds: 5, seconds: 2, connections: 32 });
  });

  it('refuses what is no number, and servers that there are not', () => {
    expect(() => readOptions([], { ROUNDS: 'many' })).toThrow('--rounds');
    expect(() => readOptions(['--servers', 'floor,hydra'], {})).toThrow('hydra');
  });

  it('publishes runs of everything only', () => {
    expect(readOptions(['--publish'], {})).toMatchObject({ publish: true });
    expect(() => readOptions(['--publish', '--only', 'guard'], {})).toThrow('--publish');
    expect(() => readOptions(['--publish', '--profiles', 'p'], {})).toThrow('--publish');
    expect(() => readOptions(['--publish'], { SERVERS: 'countersign' })).toThrow('--publish');
  });
});
