import fc from 'fast-check';
import { decodeFormComponent, parseForm } from './form.js';
import { OAuthError } from './oauth-error.js';

const parse = (body: string | Buffer) => parseForm(Buffer.from(body));
const refusal = (body: string | Buffer): unknown => {
  try {
    parse(body);
    return undefined;
  } catch (error) {
    return error instanceof OAuthError ? error.code : error;
  }
};
const pair = fc.tuple(
  fc.string({ minLength: 1, unit: 'grapheme' }).filter((name) => !name.includes('\0')),
  fc.string({ minLength: 1, unit: 'grapheme' }).filter((value) => !value.includes('\0')),
);

describe('A form body (application/x-www-form-urlencoded, RFC 6749 appendix B)', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.uniqueArray(pair, { selector: ([name]) => name }), (pairs) => {
        const parameters = parse(new URLSearchParams(pairs).toString());
        for (const [name, value] of pairs) {
          expect(parameters.get(name)).toBe(value);
          expect(parameters.require(name)).toBe(value);
          expect(parameters.all(name)).toEqual([value]);
        }
      }),
    );
  });

  it('is read or refused as invalid_request, whatever the bytes', () => {
    const special = fc.string({ unit: fc.constantFrom('a', '=', '&', '%', '+', '0', 'f', 'é', '\0', '\ud800', '%00', '%ff', '%c3%a9') });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array().map((raw) => Buffer.from(raw)),
          special,
        ),
        (body) => {
          expect([undefined, 'invalid_request']).toContain(refusal(body));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('takes + for a space, percent-encoding for bytes, and the first = as the divider', () => {
    const parameters = parse('a=x+y&b=x%2By&c=%C3%A9&d=é&e=1=2==&f%20g=h');
    expect(['a', 'b', 'c', 'd', 'e', 'f g'].map((name) => parameters.get(name))).toEqual(['x y', 'x+y', 'é', 'é', '1=2==', 'h']);
  });

  it('skips empty pairs', () => {
    const parameters = parse('&&a=b&&');
    expect(parameters.get('a')).toBe('b');
    expect(parameters.get('')).toBeUndefined();
  });

  it.each(['a=', 'a', '=', ''])('takes %j as a parameter without a value: as good as absent (§3.1)', (body) => {
    const parameters = parse(body);
    expect(parameters.get('a')).toBeUndefined();
    expect(parameters.all('a')).toEqual([]);
    expect(() => parameters.require('a')).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  it('lets resource be sent several times, in order (RFC 8707 §2)', () => {
    expect(parse('resource=x&a=b&resource=y&resource=').all('resource')).toEqual(['x', 'y']);
  });

  it.each([
    ['a parameter twice', 'a=1&a=2'],
    ['a parameter twice, equal', 'a=1&a=1'],
    ['a parameter twice, once without a value', 'a=&a=1'],
    ['a parameter twice, the second without a value', 'a=1&a'],
    ['a parameter twice in two spellings', 'a=1&%61=2'],
    ['a name of + and one of a space', '+=1&%20=2'],
    ['an encoded NUL', 'a=%00'],
    ['a raw NUL', 'a=\0'],
    ['a NUL in a resource', 'resource=x%00'],
    ['a percent sign alone', 'a=%'],
    ['a percent sign with one digit', 'a=%2'],
    ['a percent sign with no digits', 'a=%zz'],
    ['a percent sign in a name', '%=a'],
    ['encoded bytes that are no UTF-8', 'a=%ff'],
    ['an encoded lone surrogate', 'a=%ed%a0%80'],
    ['an overlong encoding', 'a=%c0%af'],
    ['half a character', 'a=%c3'],
    ['raw bytes that are no UTF-8', Buffer.from([0x61, 0x3d, 0xff])],
    ['a raw lone surrogate', Buffer.from([0x61, 0x3d, 0xed, 0xa0, 0x80])],
    ['UTF-16', Buffer.from('\ufeffa=b', 'utf16le')],
  ])('refuses %s', (_, body) => expect(refusal(body)).toBe('invalid_request'));

  it('keeps a byte order mark, so that no parameter hides behind it', () => {
    expect(parse('\ufeffa=b').get('a')).toBeUndefined();
    expect(parse('\ufeffa=b').get('\ufeffa')).toBe('b');
  });

  it('knows no names of its own', () => {
    const parameters = parse('__proto__=1&constructor=2&toString=3');
    expect(['__proto__', 'constructor', 'toString', 'hasOwnProperty'].map((name) => parameters.get(name))).toEqual([
      '1',
      '2',
      '3',
      undefined,
    ]);
  });

  it('tells nothing of what was sent in its refusals', () => {
    for (const body of ['secret=1&secret=2', 'secret=%zz', 'secret=%00']) {
      expect(() => parse(body)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('secret') as string }));
    }
  });
});

describe('decodeFormComponent', () => {
  it('decodes what is encoded and leaves the rest', () => {
    expect(decodeFormComponent('a b')).toBe('a b');
    expect(decodeFormComponent('a+b%3A%2f')).toBe('a b:/');
    expect(() => decodeFormComponent('%')).toThrow(OAuthError);
  });
});
