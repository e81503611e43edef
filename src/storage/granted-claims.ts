import { isSameSet } from '../protocol/scope.js';
import type { GrantRecord } from './authorization.store.js';

/** The scope that brought a claim into a grant. */
const SCOPE_OF: Readonly<Record<string, string>> = { email: 'email', roles: 'roles' };

/** The claims of a grant's access token. One with fewer scopes loses what the missing ones brought; what came without a scope stays. */
export function grantedClaims(
  { scopes, claims }: Pick<GrantRecord, 'scopes' | 'claims'>,
  tokenScopes: readonly string[],
): GrantRecord['claims'] {
  if (isSameSet(scopes, tokenScopes)) return claims;
  const lost = scopes.filter((scope) => !tokenScopes.includes(scope));
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !lost.includes(SCOPE_OF[name] ?? '')));
}
