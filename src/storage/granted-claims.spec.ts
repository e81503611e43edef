import { grantedClaims } from './granted-claims.js';

const claims = { auth_time: 1, email: 'ada@example.test', roles: ['editor'] };

describe('Claims of an access token with fewer scopes than its grant', () => {
  it.each<[name: string, scopes: string[], tokenScopes: string[], left: object]>([
    ['has all with all scopes, in any order', ['openid', 'email', 'roles'], ['roles', 'email', 'openid'], claims],
    ['has no e-mail without that scope', ['openid', 'email', 'roles'], ['openid', 'roles'], { auth_time: 1, roles: ['editor'] }],
    ['has neither without either', ['openid', 'email', 'roles'], ['openid'], { auth_time: 1 }],
    ['keeps what came without a scope (the sign-in API)', ['offline_access', 'todos:read'], ['todos:read'], claims],
  ])('%s', (_, scopes, tokenScopes, left) => {
    expect(grantedClaims({ scopes, claims }, tokenScopes)).toEqual(left);
  });
});
