import type { Account } from '../../identity/accounts/accounts.js';

/** The claims that each scope tells: OpenID Connect Core §5.4, and `roles` (RFC 9068 §2.2.3.1). */
export const CLAIMS_OF_SCOPES = {
  profile: [
    ...['name', 'family_name', 'given_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture', 'website'],
    ...['gender', 'birthdate', 'zoneinfo', 'locale', 'updated_at'],
  ],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  address: ['address'],
  roles: ['roles'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** What a client with these scopes is told of a person, `sub` first. Unknown claims are absent, never null or empty (§5.3.2). */
export function personClaims(account: Account, scopes: readonly string[]): Record<string, unknown> {
  const { id, email, emailVerified, displayName, roles, claims = {} } = account;
  const known: Record<string, unknown> = {
    ...claims,
    ...(displayName !== undefined && { name: displayName }),
    email,
    email_verified: emailVerified,
    roles,
  };
  const told = Object.entries(CLAIMS_OF_SCOPES).flatMap(([scope, names]) => (scopes.includes(scope) ? names : []));
  return { sub: id, ...Object.fromEntries(told.flatMap((name) => (isEmpty(known[name]) ? [] : [[name, known[name]]]))) };
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
