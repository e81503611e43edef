import fc from 'fast-check';
import { isCurrent, readAssertion } from './client-assertion.js';

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const GOOD = { iss: 'app', sub: 'app', aud: 'https://id.example.com', exp: 1_000_060, iat: 1_000_000, jti: 'a' };
const read = (claims: object, header: object = { alg: 'ES256' }) => readAssertion(`${part(header)}.${part({ ...GOOD, ...claims })}.AAAA`);

describe('readAssertion', () => {
  it('tells who it is of, for whom, and how long', () => {
    expect(read({})).toMatchObject({ client: 'app', audience: ['https://id.example.com'], jti: 'a', expiresAt: 1_000_060 });
    expect(read({ aud: ['a', 'b'] })).toMatchObject({ audience: ['a', 'b'] });
    expect(read({ nbf: 1_000_010 })).toMatchObject({ validFrom: 1_000_010 });
    expect(read({ iat: undefined })?.validFrom).toBeUndefined();
  });

  it.each([
    ['no iss', { iss: undefined }],
    ['another iss', { iss: 'other' }],
    ['no sub', { sub: undefined }],
    ['neither', { iss: undefined, sub: undefined }],
    ['an empty sub', { iss: '', sub: '' }],
    ['a sub that is no text', { iss: 1, sub: 1 }],
    ['a sub with NUL', { iss: 'a\0', sub: 'a\0' }],
    ['a long sub', { iss: 'x'.repeat(513), sub: 'x'.repeat(513) }],
    ['no aud', { aud: undefined }],
    ['an empty list as aud', { aud: [] }],
    ['an aud that is no text', { aud: ['a', 1] }],
    ['no exp', { exp: undefined }],
    ['an exp in words', { exp: '1000060' }],
    ['no jti', { jti: undefined }],
    ['an empty jti', { jti: '' }],
    ['a jti that is no text', { jti: 1 }],
    ['an iat in words', { iat: 'now' }],
    ['an nbf that is null', { nbf: null }],
  ])('refuses %s', (_, claims) => {
    expect(read(claims)).toBeUndefined();
  });

  it.each(['at+jwt', 'dpop+jwt', 'oauth-authz-req+jwt', 'token-introspection+jwt', '', 1, null])(
    'refuses the type %j (RFC 8725 §3.11)',
    (typ) => {
      expect(read({}, { alg: 'ES256', typ })).toBeUndefined();
    },
  );

  it('never throws, whatever the text', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.jsonValue().map(part),
      fc.constantFrom('', '.', part(GOOD), part({ alg: 'ES256' }), part([]), part(null)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 5 }), (pieces) => {
        expect(() => readAssertion(pieces.join('.'))).not.toThrow();
      }),
    );
  });
});

describe('isCurrent', () => {
  const at = (now: number, claims: object = {}): boolean | undefined => {
    const assertion = read(claims);
    return assertion && isCurrent(assertion, new Date(now * 1000));
  };

  it('ends with the second of exp, without tolerance', () => {
    expect([at(1_000_059.999), at(1_000_060)]).toEqual([true, false]);
  });

  it('begins a minute early for clocks that are ahead', () => {
    expect([at(999_940), at(999_939)]).toEqual([true, false]);
    expect([at(1_000_000, { nbf: 1_000_060 }), at(1_000_000, { nbf: 1_000_061 })]).toEqual([true, false]);
  });

  it('lasts an hour at most', () => {
    expect([at(1_000_000, { exp: 1_003_660 }), at(1_000_000, { exp: 1_003_661 }), at(1_000_000, { exp: 1e300 })]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
