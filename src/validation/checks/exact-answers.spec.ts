import { jest } from '@jest/globals';
import { CheckUnavailableError } from '../check-unavailable.error.js';
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

  // Seen to fail: strangers who sent made-up tokens, 400 at a time, took all the room there was to wait in.
  it('is asked of a genuine one before all that may be forged, however many those are', async () => {
    const asked: string[] = [];
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const slow = { check: async (token: string) => (await gate, asked.push(token), accepted) };
    const answers = new ExactAnswers(slow as unknown as TokenCheck, options);
    const forged = Array.from({ length: 50 }, (_, n) => answers.ask(`forged ${n}`, `f${n}`, false).catch((error: unknown) => error));
    const genuine = answers.ask('genuine', 'g', true);
    open();
    expect((await genuine).verdict).toBe(accepted);
    const refusals = (await Promise.all(forged)).filter((answer) => answer instanceof CheckUnavailableError);
    expect([asked.indexOf('genuine'), asked.length, refusals.length]).toEqual([1, 22, 29]); // one under way, twenty that wait
  });

  it('is not remembered where it was refused and may be forged', async () => {
    const answers = saying(refused('not active'));
    expect((await answers.ask('token', 'digest', false)).verdict.accepted).toBe(false);
    expect(answers.known('digest')).toBeUndefined();
  });
});
