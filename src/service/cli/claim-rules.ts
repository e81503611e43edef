import { shown } from './rules.js';

/** Options that say what these claims would say too. */
const OPTIONS: Readonly<Record<string, string>> = { email: '--email', email_verified: '--verified', name: '--name', roles: '--role' };

/** Claims of the protocols themselves (RFC 7519 §4.1, RFC 7662 §2.2, RFC 9068 §2.2, OpenID Connect Core §2): nobody's to choose. */
const PROTOCOL = new Set([
  ...['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'cnf', 'act', 'may_act', 'events', 'sid', 'lnk'],
  ...['client_id', 'scope', 'active', 'username', 'token_type', 'token_introspection', 'authorization_details'],
  ...['nonce', 'azp', 'auth_time', 'acr', 'amr', 'at_hash', 'c_hash', 's_hash', '_claim_names', '_claim_sources'],
]);

const TEXTS = [
  ...['given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture', 'website'],
  ...['gender', 'birthdate', 'zoneinfo', 'locale', 'phone_number'],
];
/** Types of the standard claims (OpenID Connect Core §5.1): apps rely on them. */
const TYPES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(TEXTS.map((name) => [name, 'string'])),
  phone_number_verified: 'boolean',
  updated_at: 'number',
  address: 'object',
};

/** Everything that is wrong with the claims of a person. Their values are not quoted. */
export function claimFaults(claims: object): string[] {
  return [
    ...Object.entries(claims).flatMap(([name, value]) => {
      const fault = claimFault(name, value);
      return fault === undefined ? [] : [`--claims: ${shown(name)} ${fault}`];
    }),
    ...(isStorable(claims) ? [] : ['--claims: a text holds NUL or half a character.']),
  ];
}

function claimFault(name: string, value: unknown): string | undefined {
  if (PROTOCOL.has(name)) return 'is a claim of the protocol, not of a person.';
  if (Object.hasOwn(OPTIONS, name)) return `is said by ${OPTIONS[name]}.`;
  const type = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
  const fits = type === undefined || (typeof value === type && value !== null && !Array.isArray(value));
  return fits ? undefined : `must be ${type === 'object' ? 'an object' : `a ${type}`} (OpenID Connect Core §5.1).`;
}

/** What Postgres takes for jsonb: no NUL, no lone surrogate, in any text at any depth. */
function isStorable(claims: object): boolean {
  const left: unknown[] = [claims];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value === 'string' && /[\0\p{Cs}]/u.test(value)) return false;
    if (typeof value === 'object' && value !== null) for (const pair of Object.entries(value)) left.push(...pair);
  }
  return true;
}
