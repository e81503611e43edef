import { randomUUID } from 'node:crypto';
import { codeChallenge } from '../../src/protocol/pkce.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { basic, expectOAuthError, FORM } from '../bad-input/support/bad-input.js';
import { signedByService } from '../sign-out/support/signed-tokens.js';
import { type Browser, formOf } from '../support/browser.js';
import { resourceServer, type TestClient } from '../support/clients.js';
import { codeClient, REDIRECT_URI } from '../support/code-flow.js';
import { DatabaseRows } from '../support/database-rows.js';
import { exchange, type RawAnswer, type RawRequest } from '../support/exchange.js';
import { ISSUER, startService, type TestService } from '../support/service-app.js';
import { answerOf, App, newPerson, signedInBrowser, type Changes } from './support/app.js';

let service: TestService;
let rows: DatabaseRows;
let browser: Browser;
const apps: Record<string, App> = {};

beforeAll(async () => {
  service = await startService();
  rows = await DatabaseRows.open(service.database.url);
  const register = async (name: string, builder = codeClient('public'), redirectUri?: string) =>
    (apps[name] = await App.of(service, builder, redirectUri));
  await register('public');
  await register('confidential', codeClient('confidential').withSettings({ requirePkce: false }));
  await register('two', codeClient('public').with({ redirectUris: [REDIRECT_URI, `${REDIRECT_URI}/2`] }));
  await register('none', codeClient('public').with({ redirectUris: [] }));
  await register('pushing', codeClient('public').withSettings({ requirePushedRequests: true }));
  await register(
    'no endpoint',
    codeClient('public').withPermissions({ endpoints: ['token', 'pushed_authorization'], scopes: ['openid', 'email'] }),
  );
  await register('no grant', codeClient('public').withPermissions({ grantTypes: ['refresh_token'] }));
  await register('no push', codeClient('public').withPermissions({ endpoints: ['token', 'authorization'] }));
  await register('disabled');
  await service.get(ClientStore).setEnabled(app('disabled').client.id, false, service.clock.now());
  // Somebody who is signed in, so that a code is what a slip would yield.
  const person = await newPerson(service);
  browser = await signedInBrowser(service, person);
});
afterAll(async () => {
  await rows.close();
  await service.close();
});

function app(name: string): App {
  const found = apps[name];
  if (!found) throw new Error(`There is no app ${name}.`);
  return found;
}

async function unchanged<T>(work: () => Promise<T>): Promise<T> {
  await rows.forgetFailures();
  const before = await rows.all();
  const result = await work();
  expect(await rows.all()).toEqual(before);
  return result;
}

const cookies = (): string => [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');

/** A request as bytes, by the browser in which somebody is signed in. */
const send = (request: RawRequest): Promise<RawAnswer> =>
  unchanged(() => exchange(service.url, { ...request, headers: { cookie: cookies(), ...request.headers } }));

function expectPage({ status, headers, text }: RawAnswer, expected = 400, message = 'error'): void {
  expect([status, /data-message="([^"]*)"/.exec(text)?.[1]]).toEqual([expected, message]);
  expect(headers.location).toBeUndefined();
  expect(headers['content-type']).toMatch(/^text\/html/);
  expect(headers['cache-control']).toBe('no-store');
  expect(text).not.toMatch(/<form|FST_|Error:|node_modules| {4}at /);
}

type Case = [name: string, changes: Changes, client?: string];

/** Neither the client nor where it would be answered is proven. */
const UNPROVEN: Case[] = [
  ['no client_id', { client_id: undefined }],
  ['an empty client_id', { client_id: '' }],
  ['an unknown client', { client_id: randomUUID() }],
  ['a client_id as SQL', { client_id: "' or 1=1 --" }],
  ['a client_id of 5000 characters', { client_id: 'x'.repeat(5000) }],
  ['a disabled client', {}, 'disabled'],
  ['the client of the sign-in API, which has no redirect URI', { client_id: 'first-party', scope: 'offline_access' }],
  ['the same, which names none', { client_id: 'first-party', scope: 'offline_access', redirect_uri: undefined }],
  ['a client without redirect URIs', { redirect_uri: undefined, scope: undefined }, 'none'],
  ['another redirect URI', { redirect_uri: 'https://evil.example/callback' }],
  ['a redirect URI that is none', { redirect_uri: 'x' }],
  ['a redirect URI of 5000 characters', { redirect_uri: `${REDIRECT_URI}?${'x'.repeat(5000)}` }],
  ['no redirect URI, where an id token is asked for', { redirect_uri: undefined }],
  ['no redirect URI, where there are two', { redirect_uri: undefined, scope: 'email' }, 'two'],
  ['an empty redirect URI', { redirect_uri: '' }],
  ['a state beyond 2048 bytes', { state: 'x'.repeat(2049) }],
  ['a state beyond 2048 bytes in UTF-8', { state: 'é'.repeat(1025) }],
  ['a nonce beyond 512 bytes', { nonce: 'x'.repeat(513) }],
  ['a login_hint beyond 256 bytes', { login_hint: 'x'.repeat(257) }],
  ['8193 bytes', { anything: 'x'.repeat(8193) }],
];

const challenge = codeChallenge('x'.repeat(43));

/** What the client is told. */
const REFUSED: [name: string, error: string, changes: Changes | (() => Promise<Changes>), client?: string][] = [
  ['no response_type', 'invalid_request', { response_type: undefined }],
  ['an empty response_type', 'invalid_request', { response_type: '' }],
  ...['token', 'id_token', 'code token', 'code id_token', 'none', 'CODE', 'code code', ' code'].map((type): [string, string, Changes] => [
    `response_type ${type}`,
    'unsupported_response_type',
    { response_type: type },
  ]),
  ...['fragment', 'jwt', 'query.jwt', 'web_message', 'QUERY', 'x'].map((mode): [string, string, Changes] => [
    `response_mode ${mode}`,
    'invalid_request',
    { response_mode: mode },
  ]),
  ['an unknown scope', 'invalid_scope', { scope: 'openid unheard-of' }],
  ['a scope that is not permitted', 'invalid_scope', { scope: 'openid todos:read' }],
  ['a malformed scope', 'invalid_scope', { scope: 'openid  email' }],
  ['a scope with a quotation mark', 'invalid_scope', { scope: 'openid "email"' }],
  ['no code_challenge', 'invalid_request', { code_challenge: undefined, code_challenge_method: undefined }],
  ['a method without a challenge', 'invalid_request', { code_challenge: undefined }],
  ['a method without a challenge, where PKCE is not required', 'invalid_request', { code_challenge: undefined }, 'confidential'],
  ['a challenge without a method, which would be plain', 'invalid_request', { code_challenge_method: undefined }],
  ['the same, where PKCE is not required', 'invalid_request', { code_challenge_method: undefined }, 'confidential'],
  ['code_challenge_method plain', 'invalid_request', { code_challenge_method: 'plain' }],
  ['code_challenge_method s256', 'invalid_request', { code_challenge_method: 's256' }],
  ['a challenge that is too short', 'invalid_request', { code_challenge: challenge.slice(1) }],
  ['a challenge that is too long', 'invalid_request', { code_challenge: `${challenge}A` }],
  ['a padded challenge', 'invalid_request', { code_challenge: `${challenge}=` }],
  ['a challenge that no verifier has', 'invalid_request', { code_challenge: `${challenge.slice(0, 42)}B` }],
  ['an unknown prompt', 'invalid_request', { prompt: 'create' }],
  ['prompt in capitals', 'invalid_request', { prompt: 'NONE' }],
  ['prompt none and more', 'invalid_request', { prompt: 'none login' }],
  ...['-1', '1.5', 'x', '1e3', '0x10', ' 1', '9999999999'].map((age): [string, string, Changes] => [
    `max_age ${age}`,
    'invalid_request',
    { max_age: age },
  ]),
  ['a request object', 'request_not_supported', { request: 'eyJhbGciOiJub25lIn0.e30.' }],
  ['a registration', 'registration_not_supported', { registration: '{}' }],
  ['a resource that is no URI', 'invalid_target', { resource: 'x' }],
  ['a resource with a fragment', 'invalid_target', { resource: 'https://api.example/#x' }],
  ['a resource that is not permitted', 'invalid_target', { resource: 'https://other.example' }],
  ['a client without the endpoint', 'unauthorized_client', {}, 'no endpoint'],
  ['a client without the grant type', 'unauthorized_client', {}, 'no grant'],
  ['an id_token_hint that is no token', 'invalid_request', { id_token_hint: 'x' }],
  ['an id_token_hint that nobody signed', 'invalid_request', () => hint({ unsigned: true })],
  ['an id_token_hint of another client', 'invalid_request', () => hint({ claims: { aud: 'another' } })],
  ['an id_token_hint of another issuer', 'invalid_request', () => hint({ claims: { iss: 'https://evil.example' } })],
  ['an access token as id_token_hint', 'invalid_request', () => hint({ header: { typ: 'at+jwt' } })],
  ['a logout token as id_token_hint', 'invalid_request', () => hint({ header: { typ: 'logout+jwt' } })],
  ['more than is kept of a request', 'invalid_request', { state: '"'.repeat(2048), nonce: 'x'.repeat(512) }],
];

async function hint({ unsigned, ...changes }: { unsigned?: boolean; header?: object; claims?: object }): Promise<Changes> {
  const token = await signedByService(service, {
    ...changes,
    claims: { sub: randomUUID(), aud: app('public').client.id, ...changes.claims },
  });
  const [, payload = ''] = token.split('.');
  return { id_token_hint: unsigned ? `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${payload}.` : token };
}

describe('What cannot be answered to a client is answered to the person (RFC 6749 §4.1.2.1, RFC 9700 §4.11)', () => {
  it.each(UNPROVEN)('%s', async (_, changes, client = 'public') => {
    const { url, parameters } = app(client).start(changes);
    expectPage(await send({ method: 'GET', path: url }));
    expectPage(await send({ method: 'POST', path: '/connect/authorize', headers: FORM, body: new URLSearchParams(parameters).toString() }));
  });

  it.each([
    ['client_id twice', (id: string) => `&client_id=${id}`],
    ['redirect_uri twice', () => '&redirect_uri=https://evil.example/'],
    ['state twice', () => '&state=x'],
    ['anything twice', () => '&x=1&x=1'],
    ['a parameter twice, once empty', () => '&scope='],
    ['a NUL', () => '&x=%00'],
    ['broken percent-encoding', () => '&x=%'],
    ['bytes that are no UTF-8', () => '&x=%ff'],
    ['an overlong sequence', () => '&x=%c0%af'],
    ['a lone surrogate', () => '&x=%ed%a0%80'],
  ])('%s', async (_, more) => {
    const { url } = app('public').start();
    const query = url.slice('/connect/authorize?'.length) + more(app('public').client.id);
    expectPage(await send({ method: 'GET', path: `/connect/authorize?${query}` }));
    expectPage(await send({ method: 'POST', path: '/connect/authorize', headers: FORM, body: query }));
  });

  it('bytes that are not percent-encoded at all', async () => {
    const body = Buffer.concat([Buffer.from(new URLSearchParams(app('public').start().parameters).toString() + '&x='), Buffer.of(0xff)]);
    expectPage(await send({ method: 'POST', path: '/connect/authorize', headers: FORM, body }));
  });

  it.each([
    ['nothing', 'GET', ''],
    ['nothing', 'POST', ''],
    ['a form that is no query', 'POST', '{"client_id":"x"}'],
  ])('%s by %s', async (_, method, body) => {
    expectPage(await send({ method, path: '/connect/authorize', headers: method === 'POST' ? FORM : {}, body }));
  });

  it('parameters in the query of a POST, which do not count', async () => {
    expectPage(await send({ method: 'POST', path: app('public').start().url, headers: FORM, body: '' }));
  });

  it('another content type, another method, a body beyond all measure: as pages, too', async () => {
    const json = { 'content-type': 'application/json' };
    expectPage(await send({ method: 'POST', path: '/connect/authorize', headers: json, body: '{}' }), 415);
    const put = await send({ method: 'PUT', path: '/connect/authorize', headers: FORM, body: 'x' });
    expectPage(put, 405);
    expect(put.headers.allow).toContain('GET');
    expectPage(await send({ method: 'POST', path: '/connect/authorize', headers: FORM, body: 'x'.repeat(70_000) }), 413);
  });

  it.each([
    ['unknown', () => Promise.resolve(`urn:ietf:params:oauth:request_uri:cs_pr_${'A'.repeat(64)}`)],
    ['malformed', () => Promise.resolve('urn:ietf:params:oauth:request_uri:x')],
    ['altered', async () => (await app('public').push()).requestUri.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))],
    ['another client’s', async () => (await app('two').push()).requestUri],
    [
      'expired',
      async () => {
        const { requestUri } = await app('public').push();
        service.clock.advance(90);
        return requestUri;
      },
    ],
  ])('a request_uri that is %s', async (_, requestUriOf) => {
    const query = new URLSearchParams({ client_id: app('public').client.id, request_uri: await requestUriOf() });
    expectPage(await send({ method: 'GET', path: `/connect/authorize?${query.toString()}` }));
    // What stands beside it does not help.
    const beside = new URLSearchParams([...query, ...Object.entries(app('public').start({ client_id: undefined }).parameters)]);
    expectPage(await send({ method: 'GET', path: `/connect/authorize?${beside.toString()}` }));
  });

  it('a request_uri without client_id', async () => {
    const { requestUri } = await app('public').push();
    expectPage(await send({ method: 'GET', path: `/connect/authorize?${new URLSearchParams({ request_uri: requestUri }).toString()}` }));
  });
});

describe('What can is, with state and issuer (RFC 6749 §4.1.2.1, RFC 9207 §2)', () => {
  const DESCRIPTION = /^[\x20-\x21\x23-\x5B\x5D-\x7E]{1,120}$/;

  it.each(REFUSED)('%s: %s', async (_, error, given, client = 'public') => {
    const changes = typeof given === 'function' ? await given() : given;
    const { url, parameters } = app(client).start(changes);
    const expected = { error, state: parameters['state'], iss: ISSUER };
    const posted = { method: 'POST', path: '/connect/authorize', headers: FORM, body: new URLSearchParams(parameters).toString() };
    for (const request of [{ method: 'GET', path: url }, posted]) {
      const { status, headers, text } = await send(request);
      const location = new URL(headers.location ?? 'about:blank');
      expect([status, text, location.origin + location.pathname, location.hash]).toEqual([303, '', REDIRECT_URI, '']);
      const { error_description: description, ...told } = Object.fromEntries(location.searchParams);
      expect(told).toEqual(expected);
      if (description !== undefined) expect(description).toMatch(DESCRIPTION);
      expect(headers['cache-control']).toBe('no-store');
    }
    if ('response_mode' in changes) return;
    const page = await unchanged(() => browser.get(app(client).start({ ...changes, response_mode: 'form_post', state: 's' }).url));
    if (changes['state'] === undefined)
      expect(answerOf(page)).toMatchObject({ mode: 'form_post', parameters: { error, state: 's', iss: ISSUER } });
  });

  it('a request_uri of the web', async () => {
    const { url } = app('public').start({ request_uri: 'https://app.example/request.jwt' });
    const { headers } = await send({ method: 'GET', path: url });
    expect(new URL(headers.location ?? '').searchParams.get('error')).toBe('request_uri_not_supported');
  });

  it('an ordinary request of a client that must push (RFC 9126 §4)', async () => {
    const { headers } = await send({ method: 'GET', path: app('pushing').start().url });
    expect(new URL(headers.location ?? '').searchParams.get('error')).toBe('invalid_request');
  });

  it('ordinary requests of all, where the service says so, but for a client that is excepted', async () => {
    const strict = await startService({ beside: service, issuance: { requirePushedRequests: true } });
    const excepted = await App.of(service, codeClient('public').withSettings({ requirePushedRequests: false }));
    const ask = (url: string) => fetch(strict.url + url, { redirect: 'manual' }).then(({ headers }) => headers.get('location') ?? '');
    expect(await ask(app('public').start().url)).toContain('error=invalid_request');
    expect(await ask(excepted.start().url)).toMatch(/^\/sign-in/);
    const { url } = await app('public').push();
    expect(await ask(url)).toMatch(/^\/sign-in/);
    await strict.close();
  });
});

describe('What is pushed is answered in JSON (RFC 9126 §2.3)', () => {
  const push = (client: TestClient, parameters: Readonly<Record<string, string>>) =>
    send({
      path: '/connect/par',
      headers: { ...FORM, ...(client.secret !== undefined && { authorization: basic(client) }) },
      body: new URLSearchParams(parameters).toString(),
    });

  it.each(REFUSED)('%s: %s', async (_, error, given, client = 'public') => {
    const changes = typeof given === 'function' ? await given() : given;
    expectOAuthError(await push(app(client).client, app(client).start(changes).parameters), 400, error);
  });

  // Whose request it is, the client's authentication says.
  it.each(UNPROVEN.filter(([, changes, client]) => !('client_id' in changes) && client !== 'disabled'))(
    '%s',
    async (_, changes, client = 'public') => {
      expectOAuthError(await push(app(client).client, app(client).start(changes).parameters), 400, 'invalid_request');
    },
  );

  it.each(['urn:ietf:params:oauth:request_uri:x', 'https://app.example/request.jwt'])('a request_uri (§2.1): %s', async (requestUri) => {
    expectOAuthError(await push(app('public').client, app('public').start({ request_uri: requestUri }).parameters), 400, 'invalid_request');
  });

  it('a client that may not', async () => {
    expectOAuthError(await push(app('no push').client, app('no push').start().parameters), 400, 'unauthorized_client');
    const api = await resourceServer().register(service);
    expectOAuthError(await push(api, app('public').start({ client_id: api.id }).parameters), 400, 'unauthorized_client');
  });

  it('a client that does not prove itself', async () => {
    const { client } = app('confidential');
    const { parameters } = app('confidential').start();
    expectOAuthError(await push({ ...client, secret: undefined }, parameters), 401, 'invalid_client');
    expectOAuthError(await push({ ...client, secret: 'wrong' }, parameters), 401, 'invalid_client');
    expectOAuthError(await push(client, { ...parameters, client_id: app('public').client.id }), 400, 'invalid_request');
    expectOAuthError(await push(app('disabled').client, app('disabled').start().parameters), 401, 'invalid_client');
    expectOAuthError(
      await push({ id: 'x', secret: undefined }, app('public').start({ client_id: 'unknown' }).parameters),
      401,
      'invalid_client',
    );
    expectOAuthError(
      await push({ id: 'x', secret: undefined }, app('public').start({ client_id: undefined }).parameters),
      401,
      'invalid_client',
    );
  });

  it('another method, another content type', async () => {
    const get = await send({ method: 'GET', path: '/connect/par' });
    expectOAuthError(get, 405, 'invalid_request');
    const json = { 'content-type': 'application/json' };
    expectOAuthError(await send({ path: '/connect/par', headers: json, body: '{}' }), 400, 'invalid_request');
  });

  it('a parameter twice, but for resource', async () => {
    const body = `${new URLSearchParams(app('public').start().parameters).toString()}&scope=openid`;
    expectOAuthError(await send({ path: '/connect/par', headers: FORM, body }), 400, 'invalid_request');
  });
});

describe('Too many requests from one address', () => {
  it('are a page at the authorization endpoint, JSON where clients push', async () => {
    const narrow = await startService({ beside: service, issuance: { authorizationRequestsPerMinute: 3 } });
    const { url, parameters } = app('public').start();
    const ask = () => exchange(narrow.url, { method: 'GET', path: url });
    const push = () => exchange(narrow.url, { path: '/connect/par', headers: FORM, body: new URLSearchParams(parameters).toString() });
    for (let n = 0; n < 3; n++) expect((await ask()).status).toBe(303);
    const page = await ask();
    expectPage(page, 429, 'too-many-attempts');
    expect(Number(page.headers['retry-after'])).toBeGreaterThan(0);
    const refused = await push();
    expectOAuthError(refused, 429, 'too_many_requests');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    service.clock.advance(60);
    expect((await push()).status).toBe(201);
    await narrow.close();
  });
});

it('the sound request of the tables above does lead to a page that asks', async () => {
  for (const name of ['public', 'confidential', 'two'])
    expect(formOf(await browser.get(app(name).start().url)).action).toBe(`${ISSUER}/consent`);
});
