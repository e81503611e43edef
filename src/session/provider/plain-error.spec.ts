import { inspect } from 'node:util';
import { plainError } from './plain-error.js';

describe('plainError', () => {
  it('says what happened', () => {
    const body = {
      name: 'ResponseBodyError',
      message: 'server responded with an error',
      error: 'invalid_client',
      error_description: 'who?',
    };
    expect(plainError(Object.assign(new Error(body.message), body)).message).toBe('invalid_client: server responded with an error');
    const refused = Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } });
    expect(plainError(refused).message).toBe('fetch failed: ECONNREFUSED');
    const wrapped = Object.assign(new Error('fetch failed'), { cause: refused });
    expect(plainError(wrapped).message).toBe('fetch failed: ECONNREFUSED');
    expect(plainError(Object.assign(new Error('odd'), { cause: wrapped, code: 'OAUTH_X' })).message).toBe('odd: OAUTH_X: ECONNREFUSED');
    const round: { message: string; cause?: object } = { message: 'round' };
    round.cause = round;
    expect(plainError(round).message).toBe('round');
    expect(plainError(undefined).message).toBe('');
  });

  it('leaves out what may hold tokens', () => {
    const error = new Error('invalid response', { cause: { body: { access_token: 'secret' }, code: 'OAUTH_INVALID_RESPONSE' } });
    Object.assign(error, { code: 'SplxlOBeZQQYbYS6WxSbIA-secret' });
    expect(inspect(plainError(error), { depth: 9 })).not.toContain('secret');
  });
});
