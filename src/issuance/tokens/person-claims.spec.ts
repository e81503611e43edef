import fc from 'fast-check';
import type { Account } from '../../identity/accounts/accounts.js';
import { CLAIMS_OF_SCOPES, personClaims } from './person-claims.js';

const ada: Account = {
  id: '0190a0b1-0000-7000-8000-000000000001',
  email: 'ada@example.test',
  emailVerified: true,
  displayName: 'Ada Lovelace',
  roles: ['editor'],
  claims: {
    given_name: 'Ada',
    family_name: 'Lovelace',
    phone_number: '+44 20 0000 0000',
    phone_number_verified: false,
    address: { country: 'GB' },
    locale: 'en-GB',
    updated_at: 1_700_000_000,
    shoe_size: 38,
  },
  createdAt: new Date(0),
};

describe('Claims by scope (OpenID Connect Core §5.4)', () => {
  it.each<[scope: string, claims: object]>([
    ['openid', {}],
    ['offline_access', {}],
    ['profile', { name: 'Ada Lovelace', family_name: 'Lovelace', given_name: 'Ada', locale: 'en-GB', updated_at: 1_700_000_000 }],
    ['email', { email: 'ada@example.test', email_verified: true }],
    ['phone', { phone_number: '+44 20 0000 0000', phone_number_verified: false }],
    ['address', { address: { country: 'GB' } }],
    ['roles', { roles: ['editor'] }],
    ['shoe_size', {}],
  ])('%s', (scope, claims) => {
    expect(personClaims(ada, [scope])).toEqual({ sub: ada.id, ...claims });
  });

  it('leaves out what is unknown, null or empty (§5.3.2)', () => {
    const nobody = { ...ada, roles: [], claims: { given_name: null, nickname: '', middle_name: undefined, address: null } };
    expect(personClaims({ ...nobody, displayName: '' }, Object.keys(CLAIMS_OF_SCOPES))).toEqual({
      sub: ada.id,
      email: 'ada@example.test',
      email_verified: true,
    });
  });

  it('lets no further claim stand in for what the account itself says', () => {
    const claims = { sub: 'somebody', name: 'Mallory', email: 'mallory@example.test', email_verified: false, roles: ['admin'] };
    expect(personClaims({ ...ada, claims }, Object.keys(CLAIMS_OF_SCOPES))).toEqual({
      sub: ada.id,
      name: 'Ada Lovelace',
      email: 'ada@example.test',
      email_verified: true,
      roles: ['editor'],
    });
  });

  it('takes the name from the further claims where the account has none of its own', () => {
    const { displayName: _, ...nameless } = ada;
    expect(personClaims({ ...nameless, claims: { name: 'A. L.' } }, ['profile'])).toEqual({ sub: ada.id, name: 'A. L.' });
  });

  it('tells nothing that no scope names, and always the subject first', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.subarray(['openid', ...Object.keys(CLAIMS_OF_SCOPES)]),
        (claims, scopes) => {
          const told = Object.keys(personClaims({ ...ada, claims }, scopes));
          const named: string[] = Object.entries(CLAIMS_OF_SCOPES).flatMap(([scope, names]) => (scopes.includes(scope) ? [...names] : []));
          expect(told[0]).toBe('sub');
          expect(told.slice(1).filter((name) => !named.includes(name))).toEqual([]);
        },
      ),
    );
  });
});
