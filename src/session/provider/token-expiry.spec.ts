import { tokenExpiry } from './token-expiry.js';

const jwt = (payload: object): string => `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.c2ln`;

it.each<[string, string, number | undefined, number]>([
  ['expires_in counts', jwt({ exp: 5_000 }), 10, 11_000],
  ['then what the token says', jwt({ exp: 5_000 }), undefined, 5_000_000],
  ['a token that says nothing', jwt({}), undefined, 301_000],
  ['or nonsense', jwt({ exp: 'soon' }), undefined, 301_000],
  ['a reference', 'x', undefined, 301_000],
])('The end of an access token (session.md R10): %s', (_, token, expiresIn, end) => {
  expect(tokenExpiry(token, expiresIn, 1_000)).toBe(end);
});
