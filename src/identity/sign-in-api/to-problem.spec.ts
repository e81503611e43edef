import { HttpException } from '@nestjs/common';
import { StorageUnavailableError } from '../../storage/storage-unavailable.error.js';
import { LaneFullError } from '../attempts/lane.js';
import { TooManyAttemptsError } from '../attempts/too-many-attempts.error.js';
import { FirstPartyTokenError, type FirstPartyTokenProblem } from '../first-party-tokens.js';
import { toProblem } from './to-problem.js';

describe('toProblem', () => {
  it('tells nothing of an error nobody foresaw but a number to find it by', () => {
    for (const error of [new Error('secret /etc/path'), new HttpException('secret', 502), 'secret', undefined, { statusCode: 'secret' }]) {
      const problem = toProblem(error);
      expect(problem.status).toBe(500);
      expect(problem.toJSON()).toEqual({
        type: 'urn:countersign:problem:internal-error',
        title: 'Something went wrong.',
        status: 500,
        instance: expect.stringMatching(/^urn:uuid:[0-9a-f-]{36}$/),
      });
      expect(problem.cause).toBe(error);
    }
  });

  it.each([
    [new StorageUnavailableError(new Error('secret')), 503, { 'Retry-After': '1' }],
    [new LaneFullError(), 503, { 'Retry-After': '1' }],
    [new TooManyAttemptsError(7), 429, { 'Retry-After': '7' }],
    [new HttpException('secret', 400), 400, {}],
    [Object.assign(new Error('secret'), { statusCode: 413 }), 413, {}],
    [Object.assign(new Error('secret'), { statusCode: 415 }), 415, {}],
    [Object.assign(new Error('secret'), { statusCode: 408 }), 400, {}],
  ])('%s', (error, status, headers) => {
    const problem = toProblem(error);
    expect([problem.status, problem.headers]).toEqual([status, headers]);
    expect(JSON.stringify(problem)).not.toContain('secret');
  });

  it.each<[FirstPartyTokenProblem, number]>([
    ['sign-in-off', 403],
    ['refresh-token-expired', 401],
    ['refresh-token-used', 401],
    ['refresh-token-revoked', 401],
    ['refresh-token-not-found', 401],
    ['tokens-do-not-match', 400],
    ['access-token-invalid', 401],
    ['access-token-still-valid', 409],
  ])('has a type of its own for %s', (code, status) => {
    const problem = toProblem(new FirstPartyTokenError(code));
    expect(problem.toJSON()).toMatchObject({ type: `urn:countersign:problem:${code}`, status });
    expect(problem.headers).toEqual(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {});
  });
});
