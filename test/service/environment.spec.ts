import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { IDENTITY_DEFAULTS, resolveIdentityOptions } from '../../src/identity/identity.options.js';
import { resolveIssuanceOptions } from '../../src/issuance/issuance.options.js';
import { EnvironmentError, readEnvironment } from '../../src/service/environment.js';
import {
  identityOptions,
  issuanceOptions,
  issuerOf,
  switchedOff,
  switchedOffWithPages,
} from '../../src/service/environment/module-options.js';
import { optionsDocument } from '../../src/service/environment/options-document.js';
import { variablesOf } from '../../src/service/environment/variable.decorator.js';
import { Environment } from '../../src/service/environment/variables.js';

const key = randomBytes(32);
const production = { DATABASE_URL: 'postgres://db/countersign', MASTER_KEY: key.toString('base64') };

function faultsOf(source: Record<string, string>): readonly string[] {
  try {
    readEnvironment(source);
    return [];
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    return error.faults;
  }
}

describe('the environment', () => {
  it('needs nothing', () => {
    expect(readEnvironment({})).toMatchObject({ PORT: 3000, DATA_DIRECTORY: '.countersign', TOKEN_STORAGE: true });
    expect(issuerOf(readEnvironment({ PORT: '4711' }))).toBe('http://localhost:4711');
  });

  it('takes an empty variable for one that is not set, and ignores what is not ours', () => {
    expect(readEnvironment({ PORT: '', MASTER_KEY: '  ', DATABASE_URL: '', COUNTERSIGN_X: '1', LEEWAY_: 'x' })).toEqual(
      readEnvironment({}),
    );
  });

  // Else a default would be told twice, and differently after the first change.
  it('has the defaults of the modules', () => {
    const environment = readEnvironment(production);
    expect(resolveIssuanceOptions(issuanceOptions(environment, key))).toEqual(
      resolveIssuanceOptions({ issuer: 'http://localhost:3000', masterKey: key }),
    );
    expect(resolveIdentityOptions(identityOptions(environment))).toEqual(IDENTITY_DEFAULTS);
  });

  const read: [variable: string, text: string, value: unknown][] = [
    ['PORT', '65535', 65_535],
    ['HOST', '127.0.0.1, ::1', ['127.0.0.1', '::1']],
    ['HOST', '0.0.0.0', ['0.0.0.0']],
    ['HOST', 'localhost', ['localhost']],
    ['ISSUER', 'https://id.example.com/tenant', 'https://id.example.com/tenant'],
    ['MASTER_KEY', key.toString('base64'), key],
    ['MASTER_KEY', key.toString('base64').replace('=', ''), key],
    ['MASTER_KEY', key.toString('base64url'), key],
    ['MASTER_KEY', key.toString('hex').toUpperCase(), key],
    ['TOKEN_STORAGE', 'TRUE', true],
    ['PRUNING', 'off', false],
    ['PRUNING', '0', false],
    ['REFERENCE_ACCESS_TOKENS', 'yes', true],
    ['LEEWAY', '0', 0],
    ['ROTATION', 'always', 'always'],
    ['ACCESS_TOKEN_ALGORITHM', 'rs256', 'RS256'],
    ['FIRST_PARTY_SCOPES', 'offline_access,todos:read  todos:write', ['offline_access', 'todos:read', 'todos:write']],
    ['TRUST_PROXY', '10.0.0.0/8, ::1', ['10.0.0.0/8', '::1']],
    ['ON_PASSWORD_CHANGE', 'all', 'all'],
    ['PAGES', 'off', false],
    ['PAGE_COLOR', '#ABCDEF', '#ABCDEF'],
    ['SIGN_IN_SESSION_LIFETIME', '300', 300],
    ['LOG_LEVEL', 'debug', 'debug'],
    ['SHUTDOWN_TIMEOUT', ' 5 ', 5],
    ['WORKERS', '', 1],
    ['WORKERS', '128', 128],
    ['WORKERS', 'AUTO', Math.min(availableParallelism(), 128)],
  ];
  it.each(read)('reads %s=%s', (variable, text, value) => {
    expect(readEnvironment({ [variable]: text })[variable as keyof Environment]).toEqual(value);
  });

  const refused: [variable: string, text: string, fault: RegExp][] = [
    ['PORT', '0', /PORT must be a whole number from 1 to 65535/],
    ['PORT', '3000x', /PORT/],
    ['PORT', '1e3', /PORT/],
    ['PORT', '65536', /PORT/],
    ['HOST', 'http://x', /HOST/],
    ['HOST', 'foo', /HOST/],
    ['HOST', '256.1.1.1', /HOST/],
    ['ISSUER', 'id.example.com', /ISSUER must be a URL/],
    ['ISSUER', 'http://id.example.com', /ISSUER must use https/],
    ['ISSUER', 'https://id.example.com/', /ISSUER .* trailing slash/],
    ['ISSUER', 'https://id.example.com/?a', /ISSUER .* query/],
    ['ISSUER', 'https://id.example.com?', /ISSUER .* query/],
    ['ISSUER', 'https://:secret@id.example.com', /ISSUER .* user/],
    ['DATABASE_URL', 'mysql://db', /DATABASE_URL must be a URL with postgres/],
    ['MASTER_KEY', 'secret', /MASTER_KEY must be 32 random bytes/],
    ['MASTER_KEY', Buffer.alloc(32).toString('base64'), /MASTER_KEY/],
    ['MASTER_KEY', randomBytes(31).toString('hex'), /MASTER_KEY/],
    ['MASTER_KEY_FILE', '/nowhere/key', /MASTER_KEY_FILE names cannot be read \(ENOENT\)/],
    ['TOKEN_STORAGE', 'maybe', /TOKEN_STORAGE must be on or off/],
    ['ACCESS_TOKEN_LIFETIME', '86401', /ACCESS_TOKEN_LIFETIME .* 86400/],
    ['ACCESS_TOKEN_LIFETIME', '0', /ACCESS_TOKEN_LIFETIME/],
    ['ACCESS_TOKEN_LIFETIME', '-1', /ACCESS_TOKEN_LIFETIME must be a whole number of seconds/],
    ['REFRESH_TOKEN_LIFETIME', '5184001', /REFRESH_TOKEN_LIFETIME/],
    ['CHAIN_LIFETIME', '999999999', /CHAIN_LIFETIME/],
    ['LEEWAY', '301', /LEEWAY .* 300/],
    ['SIGNING_KEY_DAYS', '1', /SIGNING_KEY_DAYS/],
    ['RETENTION', '999999999', /RETENTION/],
    ['ROTATION', 'sometimes', /ROTATION must be one of always, public, never/],
    ['ACCESS_TOKEN_ALGORITHM', 'HS256', /ACCESS_TOKEN_ALGORITHM/],
    ['FIRST_PARTY_SCOPES', 'a"b', /FIRST_PARTY_SCOPES/],
    ['TRUST_PROXY', '0.0.0.0/0', /TRUST_PROXY/],
    ['TRUST_PROXY', '::/0', /TRUST_PROXY/],
    ['TRUST_PROXY', 'everybody', /TRUST_PROXY/],
    ['TRUST_PROXY', '10.0.0.0/33', /TRUST_PROXY/],
    ['REGISTRATION', 'verified', /REGISTRATION=verified needs mail/],
    ['REGISTRATION', 'open', /REGISTRATION must be one of/],
    ['ON_PASSWORD_CHANGE', 'some', /ON_PASSWORD_CHANGE/],
    ['PAGES', 'some', /PAGES must be on or off/],
    ['PAGE_NAME', 'n'.repeat(61), /PAGE_NAME must be a text of at most 60/],
    ['PAGE_COLOR', 'blue', /PAGE_COLOR must be a colour of the form #rrggbb/],
    ['PAGE_LOGO', '/nowhere/logo.svg', /PAGE_LOGO cannot be read \(ENOENT\)/],
    ['PAGE_TEXTS', '/nowhere/texts.json', /PAGE_TEXTS names cannot be read \(ENOENT\)/],
    ['PAGE_TEMPLATES', '/nowhere/templates', /PAGE_TEMPLATES cannot be read \(ENOENT\)/],
    ['SIGN_IN_SESSION_LIFETIME', '299', /SIGN_IN_SESSION_LIFETIME must be a whole number from 300/],
    ['LOG_LEVEL', 'loud', /LOG_LEVEL/],
    ['DATABASE_POOL_SIZE', '1', /DATABASE_POOL_SIZE/],
    ...['0', '-1', '1.5', 'NaN', 'many', '129'].map((text): [string, string, RegExp] => [
      'WORKERS',
      text,
      /WORKERS must be a whole number from 1 to 128, or auto\./,
    ]),
    ['NODE_ENV', 'production', /MASTER_KEY is required because NODE_ENV is production/],
  ];
  it.each(refused)('refuses %s=%s, by one fault that does not repeat what was given', (variable, text, fault) => {
    const faults = faultsOf({ [variable]: text });
    expect(faults).toEqual([expect.stringMatching(fault)]);
    if (text.length > 12) expect(faults.join()).not.toContain(text);
  });

  const spelled: [issuer: string, canonical: string][] = [
    ['HTTPS://id.example.com', 'https://id.example.com'],
    ['https://ID.example.com/myIssuer', 'https://id.example.com/myIssuer'],
    ['https://id.example.com:443', 'https://id.example.com'],
    ['https://id.example.com.', 'https://id.example.com'],
    ['https://id.example.com.:8443/a', 'https://id.example.com:8443/a'],
    ['https://id.example.com/a/../b', 'https://id.example.com/b'],
    ['https://id.example.com/a/%2e%2E/b', 'https://id.example.com/b'],
    ['https://id.example.com/%7etenant%2f%41', 'https://id.example.com/~tenant%2FA'],
    ['https://id.example.com/a b', 'https://id.example.com/a%20b'],
    ['https://id.example.com/t\u00fc', 'https://id.example.com/t%C3%BC'],
    ['https://b\u00fccher.example', 'https://xn--bcher-kva.example'],
    ['https:\\\\id.example.com', 'https://id.example.com'],
    ['http://127.1:3000', 'http://127.0.0.1:3000'],
    ['http://[0:0::1]:3000', 'http://[::1]:3000'],
  ];
  // Whoever compares issuers compares characters (RFC 8414 §3.3), and some libraries put what they were given through a URL parser first.
  it.each(spelled)('refuses the issuer %s and names its canonical spelling, which is accepted', (issuer, canonical) => {
    expect(faultsOf({ ISSUER: issuer })).toEqual([`ISSUER must be in its canonical spelling: "${canonical}".`]);
    expect(faultsOf({ ISSUER: canonical })).toEqual([]);
  });

  it('has a canonical issuer of its own on every port', () => {
    expect(issuerOf(readEnvironment({ PORT: '80' }))).toBe('http://localhost');
  });

  it('refuses both what has no place in an issuer and how it is spelled', () => {
    expect(faultsOf({ ISSUER: 'https://ID.example.com/a/?b' })).toEqual([
      expect.stringMatching(/query/),
      'ISSUER must be in its canonical spelling: "https://id.example.com/a".',
    ]);
  });

  const contradictions: [Record<string, string>, RegExp[]][] = [
    [{ DATABASE_URL: 'postgres://db/x' }, [/MASTER_KEY is required because DATABASE_URL is set/]],
    [{ ...production, MASTER_KEY_FILE: '/x' }, [/both set/]],
    [
      { TOKEN_STORAGE: 'off', REFERENCE_ACCESS_TOKENS: 'on' },
      [/REFERENCE_ACCESS_TOKENS needs token storage: turn it off, or TOKEN_STORAGE on/],
    ],
    [{ TOKEN_STORAGE: 'off', REFERENCE_REFRESH_TOKENS: 'on' }, [/REFERENCE_REFRESH_TOKENS needs/]],
    [{ TOKEN_STORAGE: 'off', TOKEN_ENTRY_VALIDATION: 'on' }, [/TOKEN_ENTRY_VALIDATION needs/]],
    [
      { TOKEN_STORAGE: 'off', INTROSPECTION_ENDPOINT: 'on', REVOCATION_ENDPOINT: 'on' },
      [/INTROSPECTION_ENDPOINT needs/, /REVOCATION_ENDPOINT needs/],
    ],
    [
      { GRANT_AUTHORIZATION_CODE: 'off', AUTHORIZATION_ENDPOINT: 'on' },
      [/AUTHORIZATION_ENDPOINT needs GRANT_AUTHORIZATION_CODE: turn it off, or the grant type on/],
    ],
    [
      { AUTHORIZATION_ENDPOINT: 'off', PUSHED_AUTHORIZATION_ENDPOINT: 'on' },
      [/PUSHED_AUTHORIZATION_ENDPOINT needs AUTHORIZATION_ENDPOINT: turn/],
    ],
    [
      { PUSHED_AUTHORIZATION_ENDPOINT: 'off', REQUIRE_PUSHED_REQUESTS: 'on' },
      [/REQUIRE_PUSHED_REQUESTS needs PUSHED_AUTHORIZATION_ENDPOINT: turn/],
    ],
    [{ TOKEN_STORAGE: 'off', PAGES: 'on' }, [/^PAGES needs token storage: turn it off, or TOKEN_STORAGE on/]],
    [
      { TOKEN_ENDPOINT: 'off', GRANT_CLIENT_CREDENTIALS: 'on', GRANT_REFRESH_TOKEN: 'on', GRANT_DEVICE_CODE: 'on' },
      [
        /^GRANT_CLIENT_CREDENTIALS needs TOKEN_ENDPOINT: turn it off, or TOKEN_ENDPOINT on\.$/,
        /^GRANT_REFRESH_TOKEN needs TOKEN_ENDPOINT/,
        /^GRANT_DEVICE_CODE needs TOKEN_ENDPOINT/,
      ],
    ],
    [
      { TOKEN_ENDPOINT: 'off', AUTHORIZATION_ENDPOINT: 'on', DEVICE_ENDPOINT: 'on' },
      [/^AUTHORIZATION_ENDPOINT opens requests that nobody redeems without TOKEN_ENDPOINT/, /^DEVICE_ENDPOINT opens requests/],
    ],
    [{ TOKEN_ENDPOINT: 'off', GRANT_REFRESH_TOKEN: 'off' }, []],
    [{ PAGES: 'off', REQUIRE_PUSHED_REQUESTS: 'on' }, [/^REQUIRE_PUSHED_REQUESTS needs the pages/]],
    [
      { PAGES: 'off', AUTHORIZATION_ENDPOINT: 'on', GRANT_DEVICE_CODE: 'on' },
      [/^AUTHORIZATION_ENDPOINT needs the pages: turn it off, or PAGES on/, /^GRANT_DEVICE_CODE needs the pages/],
    ],
  ];
  it.each(contradictions)('refuses %j', (source, faults) => {
    expect(faultsOf(source)).toEqual(faults.map((fault) => expect.stringMatching(fault)));
  });

  // Else a person would be sent back with a code that nobody takes.
  it('has no authorization endpoint where codes are not taken', () => {
    const { endpoints } = resolveIssuanceOptions(issuanceOptions(readEnvironment({ ...production, GRANT_AUTHORIZATION_CODE: 'off' }), key));
    expect(endpoints).toMatchObject({ authorization: false, pushedAuthorization: false, token: true });
  });

  it('opens no requests where there is no token endpoint to end them', () => {
    const { endpoints } = resolveIssuanceOptions(issuanceOptions(readEnvironment({ ...production, TOKEN_ENDPOINT: 'off' }), key));
    expect(endpoints).toMatchObject({ token: false, authorization: false, pushedAuthorization: false, device: false });
  });

  it('names every fault at once, in the names of the variables', () => {
    const faults = faultsOf({
      PORT: 'x',
      ISSUER: 'http://id.example.com/',
      DATABASE_URL: 'postgres://db/x',
      TOKEN_STORAGE: 'off',
      REFERENCE_ACCESS_TOKENS: 'on',
      INTROSPECTION_ENDPOINT: 'on',
      ACCESS_TOKEN_LIFETIME: '0',
      REGISTRATION: 'verified',
    });
    const named = [
      'PORT',
      'MASTER_KEY',
      'ISSUER',
      'ISSUER',
      'ACCESS_TOKEN_LIFETIME',
      'REFERENCE_ACCESS_TOKENS',
      'INTROSPECTION_ENDPOINT',
      'REGISTRATION',
    ];
    expect(faults.map((fault) => /^[A-Z_]+/.exec(fault)?.[0])).toEqual(named);
    expect(faults.join('\n')).not.toMatch(/\b[a-z]+[A-Z]/);
  });

  it('switches features at their default off with the storage, and says which', () => {
    const environment = readEnvironment({ TOKEN_STORAGE: 'off' });
    expect(resolveIssuanceOptions(issuanceOptions(environment, key))).toMatchObject({
      referenceRefreshTokens: false,
      endpoints: { token: true, introspection: false, revocation: false },
    });
    expect(switchedOff(environment)).toEqual(
      expect.arrayContaining(['INTROSPECTION_ENDPOINT', 'REVOCATION_ENDPOINT', 'REFERENCE_REFRESH_TOKENS', 'PAGES']),
    );
    expect(switchedOff(readEnvironment({}))).toEqual([]);
    expect(switchedOff(readEnvironment({ TOKEN_STORAGE: 'off', PAGES: 'off' }))).not.toContain('PAGES');
  });

  it('switches features at their default off with the pages, and says which', () => {
    const environment = readEnvironment({ PAGES: 'off', DEVICE_ENDPOINT: 'off' });
    expect(resolveIssuanceOptions(issuanceOptions(environment, key))).toMatchObject({
      endpoints: { token: true, userinfo: true, authorization: false, pushedAuthorization: false, device: false, endSession: false },
      grantTypes: { refreshToken: true, authorizationCode: false, deviceCode: false },
    });
    expect(switchedOffWithPages(environment)).toEqual(expect.arrayContaining(['AUTHORIZATION_ENDPOINT', 'GRANT_DEVICE_CODE']));
    expect(switchedOffWithPages(environment)).not.toContain('DEVICE_ENDPOINT');
    expect(switchedOffWithPages(readEnvironment({}))).toEqual([]);
  });

  it('says what guards look at', () => {
    expect(issuanceOptions(readEnvironment({}), key).tokenEntryValidation).toBe(false);
    expect(issuanceOptions(readEnvironment({ TOKEN_ENTRY_VALIDATION: 'on' }), key).tokenEntryValidation).toBe(true);
  });

  it('takes own words for the pages from a file, and names all that is wrong with them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-texts-'));
    const file = join(folder, 'texts.json');
    const source = { PAGE_TEXTS: file };
    try {
      await writeFile(file, JSON.stringify({ de: { 'sign-in.title': 'Willkommen' } }));
      expect(identityOptions(readEnvironment(source)).pages?.texts).toEqual({ de: { 'sign-in.title': 'Willkommen' } });
      await writeFile(file, JSON.stringify({ fr: {}, en: { 'sign-in.titel': 'Welcome' } }));
      expect(faultsOf(source)).toEqual([
        expect.stringMatching(/^PAGE_TEXTS: .*"fr"/),
        expect.stringMatching(/^PAGE_TEXTS: "sign-in.titel" of en/),
      ]);
      for (const text of ['no JSON', '[]', '"text"', 'null']) {
        await writeFile(file, text);
        expect(faultsOf(source)).toEqual([expect.stringMatching(/^The file that PAGE_TEXTS names must hold a JSON object/)]);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('takes the master key from a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-key-'));
    const file = join(folder, 'key');
    try {
      await writeFile(file, `${key.toString('hex')}\n`);
      await chmod(file, 0o400);
      expect(faultsOf({ DATABASE_URL: production.DATABASE_URL, MASTER_KEY_FILE: file })).toEqual([]);
      await chmod(file, 0o600);
      await writeFile(file, 'no key');
      expect(faultsOf({ DATABASE_URL: production.DATABASE_URL, MASTER_KEY_FILE: file })).toEqual([
        expect.stringMatching(/must hold 32 random bytes/),
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('docs/options.md', () => {
  it('is current: npm run docs:options', async () => {
    expect(await readFile(new URL('../../docs/options.md', import.meta.url), 'utf8')).toBe(optionsDocument());
  });

  it('has a row for every variable, with a default', () => {
    const rows = optionsDocument()
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    expect(rows).toHaveLength(variablesOf(Environment).length);
    for (const row of rows) expect(row).toMatch(/^\| `[A-Z_]+` \| [^|]+ \| [^|]+ \| [^|]+ \|$/);
  });
});
