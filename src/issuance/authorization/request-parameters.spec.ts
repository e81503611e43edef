import fc from 'fast-check';
import { OAuthError } from '../../protocol/oauth-error.js';
import { codeChallenge as challengeOf } from '../../protocol/pkce.js';
import { PROMPTS } from './authorization-request.js';
import { codeChallenge, maxAge, prompts, requestParameters, uiLocales } from './request-parameters.js';

const parse = (parameters: Readonly<Record<string, string>>) => requestParameters(Buffer.from(new URLSearchParams(parameters).toString()));

/** What is thrown is always for the client to know. */
function errorOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    return error.code;
  }
}

describe('An authorization request (RFC 6749 §4.1.1)', () => {
  it('is read or refused, whatever the bytes are', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(`state=${text}&prompt=${text}`)),
      fc.webQueryParameters().map((text) => Buffer.from(text)),
    );
    fc.assert(fc.property(bytes, (raw) => expect([undefined, 'invalid_request']).toContain(errorOf(() => requestParameters(raw)))));
  });

  it('holds 8 KiB at most, and of what is kept less', () => {
    expect(errorOf(() => requestParameters(Buffer.alloc(8_193, 'a')))).toBe('invalid_request');
    expect(errorOf(() => requestParameters(Buffer.alloc(8_192, 'a')))).toBeUndefined();
    expect(errorOf(() => parse({ state: 'x'.repeat(2_049) }))).toBe('invalid_request');
    expect(parse({ state: 'x'.repeat(2_048) }).get('state')).toHaveLength(2_048);
  });
});

describe('prompt', () => {
  it('is any of its words once, but none alone', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PROMPTS), { minLength: 1, maxLength: 6 }), (words) => {
        const said = parse({ prompt: words.join(' ') });
        const different = new Set(words);
        if (different.has('none') && different.size > 1) expect(errorOf(() => prompts(said))).toBe('invalid_request');
        else expect(prompts(said)).toEqual([...different]);
      }),
    );
  });

  it('is no other word', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        const words = text.split(' ').filter((word) => word !== '');
        fc.pre(words.length > 0 && !words.every((word) => PROMPTS.some((known) => known === word)) && !text.includes('\0'));
        expect(errorOf(() => prompts(parse({ prompt: text })))).toBe('invalid_request');
      }),
    );
  });
});

describe('max_age', () => {
  it('is a number of seconds', () => {
    fc.assert(fc.property(fc.nat(999_999_999), (seconds) => expect(maxAge(parse({ max_age: String(seconds) }))).toBe(seconds)));
    expect(maxAge(parse({}))).toBeUndefined();
  });

  it('is no other text', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        fc.pre(!/^\d{1,9}$/.test(text) && !text.includes('\0'));
        expect(errorOf(() => maxAge(parse({ max_age: text })))).toBe('invalid_request');
      }),
    );
  });
});

describe('code_challenge (RFC 7636 §4.3)', () => {
  it('is the S256 of some verifier, and said to be', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\w.~-]{43,128}$/), (verifier) => {
        const challenge = challengeOf(verifier);
        const said = { code_challenge: challenge, code_challenge_method: 'S256' };
        expect(codeChallenge(parse(said), true)).toBe(challenge);
        expect(codeChallenge(parse(said), false)).toBe(challenge);
        for (const method of ['', 'plain', 'x'])
          expect(errorOf(() => codeChallenge(parse({ code_challenge: challenge, code_challenge_method: method }), false))).toBe(
            'invalid_request',
          );
      }),
    );
  });

  it('can be missing only where it is not required, and then with its method', () => {
    expect(codeChallenge(parse({}), false)).toBeUndefined();
    expect(errorOf(() => codeChallenge(parse({}), true))).toBe('invalid_request');
    expect(errorOf(() => codeChallenge(parse({ code_challenge_method: 'S256' }), false))).toBe('invalid_request');
  });
});

describe('ui_locales', () => {
  it('are language tags, few and harmless, whatever is sent', () => {
    expect(uiLocales(parse({ ui_locales: 'de-AT  en % <x> de-AT' }))).toEqual(['de-AT', 'en']);
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        fc.pre(!text.includes('\0'));
        const locales = uiLocales(parse({ ui_locales: text }));
        expect(locales.length).toBeLessThanOrEqual(10);
        for (const locale of locales) expect(locale).toMatch(/^[A-Za-z0-9-]{2,35}$/);
      }),
    );
  });
});
