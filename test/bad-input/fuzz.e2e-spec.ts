import fc from 'fast-check';
import { exchange } from '../support/exchange.js';
import type { DatabaseRows } from '../support/database-rows.js';
import { basic, FORM, startBadInput, type BadInput } from './support/bad-input.js';

let bad: BadInput;
let rows: DatabaseRows;
beforeAll(async () => {
  bad = await startBadInput();
  rows = bad.rows;
});
afterAll(() => bad.close());

const NAMES = [
  'grant_type',
  'token',
  'token_type_hint',
  'refresh_token',
  'scope',
  'resource',
  'client_id',
  'client_secret',
  'code',
  '__proto__',
  '',
];
const VALUES = [
  'client_credentials',
  'refresh_token',
  'first-party',
  'todos:read',
  'https://api.example',
  'cs_rt_',
  'cs_at_',
  'eyJhbGciOiJub25lIn0.e30.',
  '',
];

// Words of the protocol, tokens that are nearly ours, and whatever fast-check thinks of.
const value = fc.oneof(
  fc.constantFrom(...VALUES, 'JWT', 'REFERENCE', 'REFRESH'),
  fc
    .tuple(fc.constantFrom('cs_at_', 'cs_rt_', 'cs_ac_', 'cs_dc_'), fc.uint8Array({ minLength: 60, maxLength: 60 }))
    .map(([prefix, bytes]) => prefix + Buffer.from(bytes).toString('base64url')),
  fc
    .array(fc.json({ maxDepth: 1 }), { minLength: 2, maxLength: 5 })
    .map((parts) => parts.map((part) => Buffer.from(part).toString('base64url')).join('.')),
  fc.string({ unit: 'binary', maxLength: 200 }),
);
const form = fc
  .array(
    fc.tuple(
      fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...NAMES) }, { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) }),
      value,
    ),
    { maxLength: 6 },
  )
  .map((pairs) => new URLSearchParams(pairs).toString());
// Each name once, so that it gets past the form and is looked at.
const likely = fc
  .record(
    {
      grant_type: fc.constantFrom('client_credentials', 'refresh_token', 'password'),
      token: value,
      refresh_token: value,
      scope: value,
      resource: value,
    },
    { requiredKeys: ['grant_type', 'token'] },
  )
  .map((fields) => new URLSearchParams(fields).toString());
const body = fc.oneof(
  { weight: 6, arbitrary: likely },
  { weight: 4, arbitrary: form },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 400 }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.json() },
);
const authorization = fc.oneof(
  { weight: 4, arbitrary: fc.constant('MACHINE') },
  fc.constantFrom('', 'Basic', 'Basic Og==', 'Bearer x', 'Digest x'),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => `Basic ${Buffer.from(bytes).toString('base64')}`),
  fc.stringMatching(/^[!-~][ -~]{0,60}$/),
);
const contentType = fc.oneof(
  { weight: 6, arbitrary: fc.constant(FORM['content-type']) },
  { weight: 1, arbitrary: fc.stringMatching(/^[!-~][ -~]{0,40}$/) },
);

it('Any input at the endpoints gets an answer below 500 that says what was wrong, or is right', async () => {
  const inputs = fc.record({
    path: fc.constantFrom('/connect/token', '/connect/introspect', '/connect/revoke'),
    method: fc.oneof(
      { weight: 9, arbitrary: fc.constant('POST') },
      { weight: 1, arbitrary: fc.constantFrom('GET', 'PUT', 'DELETE', 'OPTIONS') },
    ),
    chunked: fc.boolean(),
    body,
    authorization,
    contentType,
  });
  const filled = (text: string) =>
    text
      .replaceAll('JWT', bad.tokens.personJwt)
      .replaceAll('REFERENCE', bad.tokens.machineReference.slice(0, -1))
      .replaceAll('REFRESH', bad.tokens.refresh.slice(0, -1));
  const statuses = new Set<number>();
  await fc.assert(
    fc.asyncProperty(inputs, async ({ path, method, chunked, authorization: given, contentType: type, body: raw }) => {
      const headers = { 'content-type': type, ...(given !== '' && { authorization: given === 'MACHINE' ? basic(bad.machine) : given }) };
      const answer = await exchange(bad.service.url, { method, path, headers, chunked, body: typeof raw === 'string' ? filled(raw) : raw });
      statuses.add(answer.status);
      expect(answer.status).toBeLessThan(500);
      expect(answer.headers['cache-control']).toBe('no-store');
      if (answer.status >= 400)
        expect(answer.body).toEqual({ error: expect.stringMatching(/^[a-z_]+$/), error_description: expect.any(String) });
      if (answer.status === 429) await rows.forgetFailures();
    }),
    { numRuns: 500 },
  );
  // It got past the form and the client at times.
  expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 401]));
}, 60_000);
