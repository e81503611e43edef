import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Client } from 'pg';
import { createIdentityApp, GOOD_PASSWORD, newEmail, type IdentityApp, type RequestOptions } from './support/identity-app.js';

let api: IdentityApp;
let client: Client;
let token: string;
let refreshToken: string;

beforeAll(async () => {
  const plenty = { limit: 1_000_000, window: 60 };
  const patient = { free: 1_000_000 };
  api = await createIdentityApp({
    options: {
      lockOut: { account: patient, address: patient, refresh: patient },
      rateLimits: { signInsPerAccount: plenty, signInsPerAddress: plenty, registrationsPerAddress: plenty, refreshesPerAddress: plenty },
    },
  });
  ({ accessToken: token, refreshToken } = await api.register());
  client = new Client({ connectionString: api.database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await api.close();
});

const TABLES = ['users', 'user_credential', 'sign_in_session', 'authorizations', 'token_entry', 'revocation_log'];

async function databaseState(): Promise<string> {
  const digests: unknown[] = [];
  for (const table of TABLES) {
    const { rows } = await client.query(`select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from ${table} t`);
    digests.push(rows[0]);
  }
  return JSON.stringify(digests);
}

/** A body each endpoint accepts, and its members. */
const good = (): Record<string, Record<string, string>> => ({
  register: { email: newEmail(), password: GOOD_PASSWORD },
  login: { email: newEmail(), password: GOOD_PASSWORD },
  refresh: { refreshToken: 'x' },
  logout: { refreshToken: 'x' },
  'change-password': { currentPassword: GOOD_PASSWORD, newPassword: 'red kettle 9 sparrows' },
});
const ENDPOINTS = Object.keys(good());

const json = { 'content-type': 'application/json' };
const withToken = (options: RequestOptions): RequestOptions => ({ token, ...options });

describe.each(ENDPOINTS)('POST /auth/%s', (path) => {
  const body = (): Record<string, string> => good()[path] ?? {};
  const member = Object.keys(body())[0] ?? '';
  const last = Object.keys(body()).at(-1) ?? '';
  const wide = (bytes: number): string => JSON.stringify({ [member]: 'x'.repeat(bytes) });

  const cases: [name: string, status: number, options: () => RequestOptions][] = [
    ['a form', 415, () => ({ raw: `${member}=x`, headers: { 'content-type': 'application/x-www-form-urlencoded' } })],
    ['plain text', 415, () => ({ raw: JSON.stringify(body()), headers: { 'content-type': 'text/plain' } })],
    ['a media type nobody knows', 415, () => ({ raw: JSON.stringify(body()), headers: { 'content-type': 'application/x-unknown' } })],
    ['a multipart body', 415, () => ({ raw: '--x--', headers: { 'content-type': 'multipart/form-data; boundary=x' } })],
    ['a type that only begins like JSON', 415, () => ({ raw: JSON.stringify(body()), headers: { 'content-type': 'application/jsonp' } })],
    ['broken JSON', 400, () => ({ raw: `{"${member}":`, headers: json })],
    ['JSON that says it is compressed', 415, () => ({ raw: JSON.stringify(body()), headers: { ...json, 'content-encoding': 'gzip' } })],
    ['compressed JSON', 415, () => ({ raw: gzipSync(JSON.stringify(body())), headers: { ...json, 'content-encoding': 'gzip' } })],
    ['two codings', 415, () => ({ raw: JSON.stringify(body()), headers: { ...json, 'content-encoding': 'identity, br' } })],
    ['an empty body that says it is JSON', 400, () => ({ raw: '', headers: json })],
    ['an array', 400, () => ({ body: [body()] })],
    ['a string', 400, () => ({ body: 'x' })],
    ['a number', 400, () => ({ raw: '5', headers: json })],
    ['null', 400, () => ({ raw: 'null', headers: json })],
    ['an unknown member', 400, () => ({ body: { ...body(), admin: true } })],
    ['__proto__', 400, () => ({ raw: `{"__proto__":{"${member}":"x"},"${member}":"x"}`, headers: json })],
    ['constructor.prototype', 400, () => ({ raw: `{"constructor":{"prototype":{}},"${member}":"x"}`, headers: json })],
    ['a number in place of a string', 400, () => ({ body: { ...body(), [member]: 5 } })],
    ['an object in place of a string', 400, () => ({ body: { ...body(), [member]: { $ne: '' } } })],
    ['an array in place of a string', 400, () => ({ body: { ...body(), [member]: ['x'] } })],
    ['true in place of a string', 400, () => ({ body: { ...body(), [last]: true } })],
    // Regression: an optional member that was null passed the form, and log-out answered 500.
    ['null in place of a string', 400, () => ({ body: { ...body(), [member]: null } })],
    ['an empty string', 400, () => ({ body: { ...body(), [member]: '' } })],
    ['a NUL character', 400, () => ({ body: { ...body(), [member]: `${body()[member]}\0` } })],
    ['a lone surrogate', 400, () => ({ raw: `{"${member}":"\\ud800"}`, headers: json })],
    [
      'bytes that are not UTF-8',
      400,
      () => ({ raw: Buffer.from(JSON.stringify({ ...body(), [last]: 'k3ttle sp\u00e4rrow' }), 'latin1'), headers: json }),
    ],
    ['a string of 9000 characters', 400, () => ({ raw: wide(9000), headers: json })],
    ['a body of 33 KiB', 413, () => ({ raw: wide(33 * 1024), headers: json })],
  ];

  it.each(cases)('refuses %s by %d and changes nothing', async (_, status, options) => {
    const before = await databaseState();
    const answer = await api.request('POST', `/auth/${path}`, withToken(options()));
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json(;|$)/);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body).toMatchObject({
      type: expect.stringMatching(/^urn:countersign:problem:[a-z-]+$/),
      title: expect.any(String),
      status,
    });
    expect(answer.text).not.toMatch(/FST_|SyntaxError|node_modules|Unexpected|class-validator/);
    expect(await databaseState()).toBe(before);
  });

  it('names each member that is missing', async () => {
    if (path === 'logout') return expect((await api.request('POST', '/auth/logout', { body: {} })).status).toBe(401);
    const answer = await api.request('POST', `/auth/${path}`, withToken({ body: {} }));
    expect(answer.status).toBe(400);
    const required = Object.keys(body());
    expect(answer.body.errors).toEqual(required.map((field) => ({ field, detail: 'It must be a string.' })));
  });

  it('says which content coding is accepted, and takes a body that names it (RFC 9110 §15.5.16)', async () => {
    const coded = (coding: string): RequestOptions => withToken({ body: {}, headers: { ...json, 'content-encoding': coding } });
    const refused = await api.request('POST', `/auth/${path}`, coded('gzip'));
    expect([refused.status, refused.headers['accept-encoding']]).toEqual([415, 'identity']);
    if (path === 'logout') return; // an empty body and a token are a genuine log-out
    for (const coding of ['identity', 'Identity']) {
      const answer = await api.request('POST', `/auth/${path}`, coded(coding));
      expect([answer.status, answer.body.errors.length]).toEqual([400, Object.keys(body()).length]);
    }
  });

  it('answers 405 to other methods', async () => {
    for (const method of ['GET', 'PUT', 'DELETE'] as const)
      expect((await api.request(method, `/auth/${path}`, { token })).status).toBe(405);
  });
});

it('a content coding matters where the host reads a body, whether or not we want one', async () => {
  const headers = { ...json, 'content-encoding': 'gzip' };
  expect((await api.request('GET', '/auth/me', { token, headers })).status).toBe(200);
  const answer = await api.request('DELETE', '/auth/sessions/x', { token, raw: gzipSync('{}'), headers });
  expect([answer.status, answer.body.type]).toEqual([415, 'urn:countersign:problem:unsupported-media-type']);
});

describe('e-mail addresses', () => {
  const bad = [
    'nobody',
    'a@b',
    'a b@example.test',
    'a@example.test, b@example.test',
    '<a@example.test>',
    `${'a'.repeat(250)}@example.test`,
    'a@-.test',
    '@example.test',
    'a\u202eda@example.test',
    'ada@exam\u200bple.test',
  ];

  it.each(bad)('%s is refused', async (email) => {
    for (const path of ['register', 'login']) {
      const answer = await api.post(path, { email, password: GOOD_PASSWORD });
      expect([answer.status, answer.body.errors]).toEqual([400, [{ field: 'email', detail: expect.any(String) }]]);
    }
  });
});

describe('display names', () => {
  it('with characters that nobody sees or that turn others around are refused', async () => {
    const answer = await api.post('register', { ...good()['register'], displayName: 'Ada \u202enimda' });
    expect([answer.status, answer.body.errors]).toEqual([400, [{ field: 'displayName', detail: expect.any(String) }]]);
  });

  it.each(['', ' \u00a0\n'])('%j is none', async (displayName) => {
    const answer = await api.post('register', { ...good()['register'], displayName });
    expect([answer.status, answer.body.user.displayName]).toEqual([201, undefined]);
  });
});

describe('any input', () => {
  // Members the endpoints know, hostile names, and whatever fast-check thinks of.
  const name = fc.oneof(
    fc.constantFrom('email', 'password', 'displayName', 'refreshToken', 'accessToken', 'currentPassword', 'newPassword'),
    fc.constantFrom('toString', 'valueOf', 'then', 'hasOwnProperty', 'length', ''),
    fc.string(),
  );
  const value = fc.oneof(
    fc.constantFrom(
      'a@example.test',
      GOOD_PASSWORD,
      'cs_rt_',
      `cs_rt_${'A'.repeat(80)}`,
      `cs_at_${'A'.repeat(80)}`,
      'eyJhbGciOiJub25lIn0.e30.',
    ),
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.jsonValue(),
  );
  // Half of them of the right members, so that they get past the form.
  const rightMembers = fc
    .constantFrom(...ENDPOINTS)
    .chain((path) => fc.record(Object.fromEntries(Object.keys(good()[path] ?? {}).map((key) => [key, value]))));
  const body = fc.oneof(rightMembers, fc.dictionary(name, value, { maxKeys: 5 }));
  const headers = fc.record(
    {
      'content-type': fc.constantFrom(
        'application/json',
        'application/json; charset=utf-8',
        'text/plain',
        'application/x-www-form-urlencoded',
        'x',
        '',
      ),
      authorization: fc.oneof(
        fc.constantFrom('mine', 'Bearer', 'Bearer ', 'Basic eDp5', `Bearer cs_at_${'A'.repeat(80)}`),
        fc.stringMatching(/^Bearer [!-~]{1,60}$/),
      ),
      'user-agent': fc.stringMatching(/^[ -~]{0,700}$/),
    },
    { requiredKeys: [] },
  );

  // The token is not known yet where the arbitraries are made. A genuine log-out (that token and an empty body) would be no bad input.
  const own = (given: Record<string, string | undefined>, path?: string): Record<string, string> => {
    const mine = path === 'logout' ? undefined : `Bearer ${token}`;
    const authorization = given['authorization'] === 'mine' ? mine : given['authorization'];
    const { authorization: _given, ...others } = given;
    return { ...others, ...(authorization !== undefined && { authorization }) } as Record<string, string>;
  };

  it('never gets a 5xx at an endpoint that takes a body', async () => {
    const payload = fc.oneof(
      body.map((object) => JSON.stringify(object)),
      fc.json(),
      fc.string({ unit: 'binary' }),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...ENDPOINTS), payload, headers, async (path, raw, given) => {
        const answer = await api.request('POST', `/auth/${path}`, { raw, headers: { ...json, ...own(given, path) } });
        expect(answer.status).toBeLessThan(500);
        if (answer.status >= 400) expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
      }),
      { numRuns: 400 },
    );
  }, 120_000);

  it('never gets a 5xx at an endpoint without one', async () => {
    const path = fc.oneof(
      fc.constantFrom('me', 'sessions'),
      fc.string({ unit: 'binary', maxLength: 60 }).map((id) => `sessions/${encodeURIComponent(id)}`),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('GET', 'DELETE'), path, headers, async (method, url, given) => {
        const answer = await api.request(method as 'GET', `/auth/${url}`, { token, headers: own(given) });
        expect(answer.status).toBeLessThan(500);
      }),
      { numRuns: 200 },
    );
  }, 120_000);

  it('refuses null for a member that may be left out', async () => {
    const optional = { refresh: { refreshToken: 'x', accessToken: null }, register: { ...good()['register'], displayName: null } };
    for (const [path, body] of Object.entries(optional)) expect((await api.post(path, body)).status).toBe(400);
  });

  it('leaves the person signed in', async () => {
    expect((await api.post('refresh', { refreshToken })).status).toBe(200);
  });
});
