import { createHmac } from 'node:crypto';
import { exportSPKI, importJWK, type CryptoKey } from 'jose';
import { ClientStore } from '../../src/storage/client.store.js';
import { AssertingClient, asserted, ASSERTION_TYPE, clientKey, jwksOf, type ClientKey } from '../support/assertions.js';
import { confidentialClient, publicClient } from '../support/clients.js';
import type { RawAnswer } from '../support/exchange.js';
import { statementsDuring } from '../support/statement-count.js';
import { signedIntrospection } from '../support/signed-introspection.js';
import { basic, expectOAuthError, FORM, startBadInput, type BadInput } from './support/bad-input.js';

let bad: BadInput;
let key: ClientKey;
let client: AssertingClient;
let other: AssertingClient;
let disabled: AssertingClient;
let twoKeys: AssertingClient;
let used: string;
let open: string;
let introspectionAnswer: string;

beforeAll(async () => {
  bad = await startBadInput();
  const { service } = bad;
  key = await clientKey();
  client = await AssertingClient.register(confidentialClient(), service, { key });
  other = await AssertingClient.register(confidentialClient(), service);
  disabled = await AssertingClient.register(confidentialClient(), service);
  await service.get(ClientStore).setEnabled(disabled.id, false, service.clock.now());
  twoKeys = await AssertingClient.register(confidentialClient(), service);
  const record = await service.get(ClientStore).find(twoKeys.id);
  if (record) await service.get(ClientStore).update({ ...record, jwks: jwksOf(key, await clientKey()) }, service.clock.now());
  open = (await publicClient().register(service)).id;
  introspectionAnswer = await signedIntrospection(service.url, bad.machine, bad.tokens.machineJwt);
  used = await client.sign();
  const body = new URLSearchParams({ token: 'x', ...asserted(used) }).toString();
  expect((await bad.send({ path: '/connect/revoke', headers: FORM, body })).status).toBe(200);
});
afterAll(() => bad.close());

const ENDPOINTS = [
  ['/connect/token', () => ({ grant_type: 'client_credentials' })],
  ['/connect/introspect', () => ({ token: bad.tokens.machineJwt })],
  ['/connect/revoke', () => ({ token: bad.tokens.machineJwt })],
] as const;

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = (): number => bad.service.clock.now().getTime() / 1000;

/** A good assertion with another header, signed by what the test says. */
async function withHeader(header: object, signature: (input: string, old: string) => string | Promise<string>): Promise<string> {
  const [, claims = '', old = ''] = (await client.sign()).split('.');
  const input = `${encode({ alg: 'ES256', kid: key.kid, ...header })}.${claims}`;
  return `${input}.${await signature(input, old)}`;
}

const hmac = (input: string, secret: string): string => createHmac('sha256', secret).update(input).digest('base64url');
const pem = async (): Promise<string> => exportSPKI((await importJWK(key.publicJwk, 'ES256', { extractable: true })) as CryptoKey);

const assertions: [name: string, make: () => string | Promise<string>][] = [
  // Not an assertion at all
  ['what is no JWT', () => 'assertion'],
  ['dots', () => '..'],
  ['no claims', () => `${encode({ alg: 'ES256' })}..AAAA`],
  ['claims that are an array', () => `${encode({ alg: 'ES256' })}.${encode([])}.AAAA`],
  ['two parts', async () => (await client.sign()).split('.').slice(0, 2).join('.')],
  ['four parts', async () => `${await client.sign()}.AAAA`],
  ['9 KB', () => client.sign({ padding: 'x'.repeat(9_000) })],
  ['a space behind', async () => `${await client.sign()} `],
  ['our access token', () => bad.tokens.machineJwt],
  ['our refresh token', () => bad.tokens.refresh],
  ['an introspection answer of ours', () => introspectionAnswer],
  // Whom it is of
  ['no iss', () => client.sign({ iss: undefined })],
  ['no sub', () => client.sign({ sub: undefined })],
  ['iss that is not sub', () => client.sign({ iss: other.id })],
  ['sub that is not iss', () => client.sign({ sub: other.id })],
  ['another client as iss and sub', () => client.sign({ iss: other.id, sub: other.id })],
  ['an unknown client', () => client.sign({ iss: 'nobody', sub: 'nobody' })],
  ['a sub with NUL', () => client.sign({ iss: `${client.id}\0`, sub: `${client.id}\0` })],
  ['a sub with half a character', () => client.sign({ iss: `${client.id}\ud800`, sub: `${client.id}\ud800` })],
  ['a sub that is a list', () => client.sign({ iss: [client.id], sub: [client.id] })],
  ['a public client', () => client.sign({ iss: open, sub: open })],
  ['a client registered for Basic', () => client.sign({ iss: bad.machine.id, sub: bad.machine.id })],
  ['a disabled client', () => disabled.sign()],
  ['names of objects', () => client.sign({ iss: '__proto__', sub: '__proto__' })],
  // For whom
  ['no aud', () => client.sign({ aud: undefined })],
  ['an empty aud', () => client.sign({ aud: [] })],
  ['aud of another server', () => client.sign({ aud: 'https://elsewhere.example' })],
  ['aud of another server beside ours', () => client.sign({ aud: [bad.service.issuer, 'https://elsewhere.example'] })],
  ['our issuer with a slash', () => client.sign({ aud: `${bad.service.issuer}/` })],
  ['the address we listen on', () => client.sign({ aud: bad.service.url })],
  ['an endpoint that was not called', () => client.sign({ aud: `${bad.service.issuer}/connect/par` })],
  ['the beginning of our issuer', () => client.sign({ aud: bad.service.issuer.slice(0, -1) })],
  ['an aud that is no text', () => client.sign({ aud: { issuer: bad.service.issuer } })],
  // For when
  ['no exp', () => client.sign({ exp: undefined })],
  ['an expired one', () => client.sign({ exp: now() })],
  ['exp in words', () => client.sign({ exp: String(now() + 60) })],
  ['exp in an hour and a minute and a second', () => client.sign({ exp: now() + 3661 })],
  ['exp in milliseconds', () => client.sign({ exp: (now() + 60) * 1000 })],
  ['exp beyond all dates', () => client.sign({ exp: 1e300 })],
  ['iat more than a minute ahead', () => client.sign({ iat: now() + 61, exp: now() + 120 })],
  ['nbf more than a minute ahead', () => client.sign({ nbf: now() + 61, exp: now() + 120 })],
  ['iat in words', () => client.sign({ iat: 'today' })],
  // Once
  ['no jti', () => client.sign({ jti: undefined })],
  ['an empty jti', () => client.sign({ jti: '' })],
  ['a jti that is a number', () => client.sign({ jti: 7 })],
  ['one that was used', () => used],
  // By whom
  ['alg none, no signature', () => withHeader({ alg: 'none' }, () => '')],
  ['alg none, the old signature', () => withHeader({ alg: 'none' }, (_, old) => old)],
  ['no alg', () => withHeader({ alg: undefined }, (_, old) => old)],
  ['HS256 with the public key, PEM', () => withHeader({ alg: 'HS256' }, async (input) => hmac(input, await pem()))],
  ['HS256 with the public key, JWK', () => withHeader({ alg: 'HS256' }, (input) => hmac(input, JSON.stringify(key.publicJwk)))],
  ['HS256 with the client id', () => withHeader({ alg: 'HS256' }, (input) => hmac(input, client.id))],
  ['ES384 by name, ES256 by key', () => withHeader({ alg: 'ES384' }, (_, old) => old)],
  ['a foreign key under the kid', async () => client.with({ ...(await clientKey()), kid: key.kid }).sign()],
  ['an unknown kid', () => client.sign({}, { kid: 'unknown' })],
  ['a kid that is no text', () => withHeader({ kid: [key.kid] }, (_, old) => old)],
  ['no kid, where two keys fit', () => twoKeys.with(key).sign({}, { kid: undefined })],
  ['the key of another client', () => other.with(key).sign()],
  [
    'its own key in the header',
    async () => {
      const own = await clientKey();
      return client.with(own).sign({}, { jwk: own.publicJwk, kid: undefined });
    },
  ],
  ['the address of its keys in the header', () => client.sign({}, { jku: 'http://127.0.0.1:9/jwks', kid: 'x' })],
  ['a critical extension', () => withHeader({ crit: ['exp'], exp: 1 }, (_, old) => old)],
  [
    'an altered signature',
    async () => {
      const [header, claims, signature = ''] = (await client.sign()).split('.');
      return `${header}.${claims}.${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`;
    },
  ],
  ['a signature of zeros', () => withHeader({}, () => Buffer.alloc(64).toString('base64url'))],
  [
    'altered claims',
    async () => {
      const [header, , signature] = (await client.sign()).split('.');
      return `${header}.${encode({ iss: client.id, sub: client.id, aud: bad.service.issuer, jti: 'new', exp: now() + 60 })}.${signature}`;
    },
  ],
  ['another type', () => client.sign({}, { typ: 'oauth-authz-req+jwt' })],
];

describe.each(ENDPOINTS)('Client assertions at %s (RFC 7521 §4.2, RFC 7523 §3)', (path, goodForm) => {
  const send = (form: Readonly<Record<string, string>>, authorization?: string): Promise<RawAnswer> =>
    bad.refused({
      path,
      headers: { ...FORM, ...(authorization !== undefined && { authorization }) },
      body: new URLSearchParams({ ...goodForm(), ...form }).toString(),
    });

  it.each(assertions)('refuses %s', async (_, make) => {
    const answer = await send(asserted(await make()));
    expectOAuthError(answer, 401, 'invalid_client');
    expect(answer.headers['www-authenticate']).toBeUndefined();
  });

  const forms: [name: string, status: number, form: () => Promise<Record<string, string>>][] = [
    ['another client_id beside it', 401, async () => ({ client_id: other.id, ...(await client.form()) })],
    [
      'another type',
      401,
      async () => ({ ...(await client.form()), client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' }),
    ],
    ['the type in capitals', 401, async () => ({ ...(await client.form()), client_assertion_type: ASSERTION_TYPE.toUpperCase() })],
    ['no type', 400, async () => ({ client_assertion: await client.sign() })],
    ['an empty type', 400, async () => ({ client_assertion_type: '', client_assertion: await client.sign() })],
    ['a type alone', 400, async () => ({ client_id: client.id, client_assertion_type: ASSERTION_TYPE })],
    ['an empty assertion', 400, async () => asserted('')],
    ['a secret beside it', 400, async () => ({ client_secret: 'x', ...(await client.form()) })],
    ['a secret and a type', 400, async () => ({ client_id: client.id, client_secret: 'x', client_assertion_type: ASSERTION_TYPE })],
    ['the client id alone', 401, async () => ({ client_id: client.id })],
    ['a secret instead', 401, async () => ({ client_id: client.id, client_secret: 'x' })],
  ];
  it.each(forms)('refuses %s', async (_, status, form) => {
    expectOAuthError(await send(await form()), status, status === 400 ? 'invalid_request' : 'invalid_client');
  });

  it('refuses Basic beside it (RFC 6749 §2.3), also where both are good', async () => {
    expectOAuthError(await send(await client.form(), basic(bad.machine)), 400, 'invalid_request');
    expectOAuthError(await send({ client_assertion_type: ASSERTION_TYPE }, basic(bad.machine)), 400, 'invalid_request');
  });

  it('refuses repeated parameters', async () => {
    const form = await client.form();
    for (const [name, value] of Object.entries(form)) {
      const body = new URLSearchParams([...Object.entries({ ...goodForm(), ...form }), [name, value]]).toString();
      expectOAuthError(await bad.refused({ path, headers: FORM, body }), 400, 'invalid_request');
    }
  });

  it('does not tell an unknown client from a wrong assertion, a disabled client or another method', async () => {
    const told = async (assertion: string) => {
      const { status, headers, text } = await send(asserted(assertion));
      return { status, text, headers: { ...headers, date: undefined } };
    };
    const unknown = await told(await client.sign({ iss: 'nobody', sub: 'nobody' }));
    const wrong = [
      client.sign({ aud: 'https://elsewhere.example' }),
      other.with(key).sign(),
      disabled.sign(),
      client.sign({ iss: bad.machine.id, sub: bad.machine.id }),
      Promise.resolve(used),
      Promise.resolve('no JWT'),
    ];
    for (const assertion of wrong) expect(await told(await assertion)).toEqual(unknown);
  });

  it('asks the database the same for an unknown client and a wrong assertion', async () => {
    const statements = async (form: Readonly<Record<string, string>>): Promise<number> => {
      const body = new URLSearchParams({ ...goodForm(), ...form }).toString();
      return (await statementsDuring(() => fetch(bad.service.url + path, { method: 'POST', headers: FORM, body }))).length;
    };
    const foreign = { ...(await clientKey()), kid: key.kid };
    await statements(await client.form());
    const unknown = await statements(await client.form({ iss: 'nobody', sub: 'nobody' }));
    expect(unknown).toBeGreaterThan(0);
    expect(await statements(await client.with(foreign).form())).toBe(unknown);
    bad.service.clock.advance(6); // not remembered any more
    expect(await statements(await client.with(foreign).form())).toBe(unknown);
    await bad.rows.forgetFailures();
  });
});

it('Failures with assertions are counted like those with secrets', async () => {
  const attempt = async (form: Readonly<Record<string, string>>) =>
    bad.send({ path: '/connect/revoke', headers: FORM, body: new URLSearchParams({ token: 'x', ...form }).toString() });
  for (let n = 0; n < 21; n++) await attempt(await client.form({ aud: 'https://elsewhere.example' }));
  const failed = await attempt(await client.form({ aud: 'https://elsewhere.example' }));
  expectOAuthError(failed, 429, 'too_many_requests');
  // Who is right is served all the same.
  expect((await attempt(await client.form())).status).toBe(200);
  await bad.rows.forgetFailures();
});
