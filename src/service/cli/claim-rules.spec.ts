import { claimFaults } from './claim-rules.js';

describe('the rules for claims of a person (OpenID Connect Core §5.1)', () => {
  it('take standard claims and those of one’s own', () => {
    const address = { street_address: 'Hauptstraße 1', country: 'DE' };
    const standard = { given_name: 'Zoë', phone_number: '+49 30 1', phone_number_verified: true, address, updated_at: 1_700_000_000 };
    expect(claimFaults({ ...standard, locale: 'de', department: ['a', { b: null }], 'https://example.com/level': 3 })).toEqual([]);
    expect(claimFaults({})).toEqual([]);
  });

  it.each(['iss', 'sub', 'aud', 'exp', 'jti', 'sid', 'nonce', 'auth_time', 'amr', 'client_id', 'scope', 'active', 'cnf'])(
    'refuse %s, which is the protocol’s',
    (name) => {
      expect(claimFaults({ [name]: 'x' })).toEqual([expect.stringContaining(`"${name}" is a claim of the protocol`)]);
    },
  );

  it.each([
    ['email', '--email'],
    ['email_verified', '--verified'],
    ['name', '--name'],
    ['roles', '--role'],
  ])('refuse %s, which %s says', (name, option) => {
    expect(claimFaults({ [name]: 'x' })).toEqual([expect.stringContaining(`is said by ${option}`)]);
  });

  it.each([
    [{ given_name: 1 }, 'a string'],
    [{ locale: null }, 'a string'],
    [{ phone_number_verified: 'yes' }, 'a boolean'],
    [{ updated_at: '2024-01-01' }, 'a number'],
    [{ address: 'Hauptstraße 1' }, 'an object'],
    [{ address: [] }, 'an object'],
  ])('refuse %j: it must be %s', (claims, type) => {
    expect(claimFaults(claims)).toEqual([expect.stringContaining(`must be ${type}`)]);
  });

  it.each([{ a: '\0' }, { a: [{ b: 'x\ud800' }] }, { 'a\0': 1 }, { a: { '\udc00': 1 } }])(
    'refuse %j, which no database keeps',
    (claims) => {
      expect(claimFaults(claims)).toEqual(['--claims: a text holds NUL or half a character.']);
    },
  );

  it('name all at once, and no values', () => {
    const faults = claimFaults({ sub: 'secret', email: 'secret', address: 'secret' });
    expect(faults).toHaveLength(3);
    expect(faults.join()).not.toContain('secret');
  });
});
