import { jest } from '@jest/globals';
import { refused, type TokenCheck, type Verdict } from '../token-check.js';
import { ExactAnswers } from './exact-answers.js';

describe('What an exact check has said of a token', () => {
  const options = { cacheSize: 10, exactConcurrency: 1, requestTimeout: 1 };
  const saying = (verdict: Verdict) => new ExactAnswers({ check: () => Promise.resolve(verdict) } as TokenCheck, options);
  const accepted = { accepted: true, principal: {} } as Verdict;
  afterEach(() => jest.restoreAllMocks());

  const later = (milliseconds: number): void => {
    const now = performance.now() + milliseconds;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
  };

  it('is remembered: that it is good for as long as there is room, whatever is heard since', async () => {
    const answers = saying(accepted);
    await answers.ask('token', 'digest', false);
    later(3_600_000);
    expect(answers.known('digest')?.verdict).toBe(accepted);
  });

  // The service's clock was an hour behind, and a good token not valid yet.
  it('is remembered for ten seconds where it was refused', async () => {
    const answers = saying(refused('not active'));
    await answers.ask('token', 'digest', true);
    later(9_000);
    expect(answers.known('digest')?.verdict.accepted).toBe(false);
    jest.restoreAllMocks();
    later(11_000);
    expect(answers.known('digest')).toBeUndefined();
  });

  it('is not remembered where it was refused and may be forged', async () => {
    const answers = saying(refused('not active'));
    expect((await answers.ask('token', 'digest', false)).verdict.accepted).toBe(false);
    expect(answers.known('digest')).toBeUndefined();
  });
});
