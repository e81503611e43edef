import { ClientStore } from '../../src/storage/client.store.js';
import { confidentialClient, publicClient, type TestClient } from '../support/clients.js';
import { ProtocolClient, signUp } from '../support/protocol-client.js';
import { basic, expectOAuthError, FORM, startBadInput, type BadInput } from './support/bad-input.js';

let bad: BadInput;
let open: TestClient;
let bare: TestClient;

beforeAll(async () => {
  bad = await startBadInput();
  open = await publicClient()
    .withPermissions({ grantTypes: ['client_credentials', 'refresh_token'], endpoints: ['token', 'introspection', 'revocation'] })
    .register(bad.service);
  bare = await confidentialClient().withPermissions({ endpoints: [], grantTypes: [] }).register(bad.service);
});
afterAll(() => bad.close());

const machine = (path: string, form: Record<string, string> | string) =>
  bad.refused({ path, headers: { ...FORM, authorization: basic(bad.machine) }, body: new URLSearchParams(form).toString() });
const firstParty = (form: Record<string, string>) =>
  bad.refused({ path: '/connect/token', headers: FORM, body: new URLSearchParams({ client_id: 'first-party', ...form }).toString() });

describe('Token endpoint (RFC 6749 §5.2)', () => {
  const types = ['password', 'implicit', 'urn:example:unknown', 'CLIENT_CREDENTIALS', 'client_credentials ', '__proto__', 'toString'];
  it.each(types)('refuses the grant type %s', async (type) => {
    expectOAuthError(await machine('/connect/token', { grant_type: type }), 400, 'unsupported_grant_type');
  });

  it('refuses a grant type or an endpoint the client has no permission for', async () => {
    const only = await confidentialClient()
      .withPermissions({ grantTypes: ['refresh_token'] })
      .register(bad.service);
    for (const [client, type] of [
      [only, 'client_credentials'],
      [bare, 'client_credentials'],
      [bare, 'refresh_token'],
      [only, 'authorization_code'],
    ] as const) {
      const headers = { ...FORM, authorization: basic(client) };
      expectOAuthError(await bad.refused({ path: '/connect/token', headers, body: `grant_type=${type}` }), 400, 'unauthorized_client');
    }
    const body = `grant_type=client_credentials&client_id=${open.id}`;
    expectOAuthError(await bad.refused({ path: '/connect/token', headers: FORM, body }), 400, 'unauthorized_client');
  });

  const scopes = [
    'unknown',
    'todos:read  todos:read',
    ' todos:read',
    'todos:read ',
    'todos:read\ttodos:read',
    'todos:"',
    'todos\\read',
    'todös',
    'openid',
    'offline_access',
    'TODOS:READ',
    'todos:read unknown',
    'x'.repeat(5000),
  ];
  it.each(scopes)('refuses the scope %j', async (scope) => {
    expectOAuthError(await machine('/connect/token', { grant_type: 'client_credentials', scope }), 400, 'invalid_scope');
  });

  const resources = [
    'https://elsewhere.example',
    'todos',
    '/todos',
    'https://',
    'https://api.example/#part',
    'javascript:alert(1)',
    'x'.repeat(5000),
  ];
  it.each(resources)('refuses the resource %j (RFC 8707 §2)', async (resource) => {
    expectOAuthError(await machine('/connect/token', { grant_type: 'client_credentials', resource }), 400, 'invalid_target');
  });

  it('takes several resources, all of which must be permitted (RFC 8707 §2)', async () => {
    const both = ['https://one.example', 'https://two.example'];
    const client = await confidentialClient().withPermissions({ resources: both }).register(bad.service);
    const ask = (...asked: string[]) => ({
      path: '/connect/token',
      headers: { ...FORM, authorization: basic(client) },
      body: ['grant_type=client_credentials', ...asked.map((resource) => `resource=${encodeURIComponent(resource)}`)].join('&'),
    });
    const { status, body } = await bad.send(ask(...both));
    expect(status).toBe(200);
    expect(JSON.parse(Buffer.from(body.access_token.split('.')[1], 'base64url').toString()).aud).toEqual(both);
    expectOAuthError(await bad.refused(ask(...both, 'https://three.example')), 400, 'invalid_target');
  });

  it('refuses to refresh without a refresh token', async () => {
    expectOAuthError(await firstParty({ grant_type: 'refresh_token' }), 400, 'invalid_request');
    expectOAuthError(await firstParty({ grant_type: 'refresh_token', refresh_token: '' }), 400, 'invalid_request');
  });

  const widened: [name: string, form: Record<string, string>, error: string][] = [
    ['a wider scope', { scope: 'offline_access todos:read' }, 'invalid_scope'],
    ['another scope', { scope: 'email' }, 'invalid_scope'],
    ['a malformed scope', { scope: 'offline_access  x' }, 'invalid_scope'],
    ['another resource', { resource: 'https://elsewhere.example' }, 'invalid_target'],
    ['a malformed resource', { resource: 'todos' }, 'invalid_target'],
  ];
  it.each(widened)('a good refresh token is not spent by asking for %s', async (_, form, error) => {
    expectOAuthError(await firstParty({ grant_type: 'refresh_token', refresh_token: bad.tokens.refresh, ...form }), 400, error);
  });

  it('nor by a request that is refused for its client', async () => {
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: bad.tokens.refresh }).toString();
    expectOAuthError(await bad.refused({ path: '/connect/token', headers: FORM, body }), 401, 'invalid_client');
    const wrong = { ...FORM, authorization: basic({ ...bad.machine, secret: 'x' }) };
    expectOAuthError(await bad.refused({ path: '/connect/token', headers: wrong, body }), 401, 'invalid_client');
    expect((await new ProtocolClient(bad.service.url, { id: 'first-party', secret: undefined }).refresh(bad.tokens.refresh)).status).toBe(
      200,
    );
  });

  it('ignores parameters it does not know (RFC 6749 §3.2)', async () => {
    const answer = await bad.send({
      path: '/connect/token',
      headers: { ...FORM, authorization: basic(bad.machine) },
      body: 'grant_type=client_credentials&audience=x&__proto__=x&constructor=x&resource=&scope=',
    });
    expect(answer.status).toBe(200);
  });

  it('refuses a client that was disabled a moment ago, while its record is still remembered', async () => {
    const client = await confidentialClient().register(bad.service);
    const request = { path: '/connect/token', headers: { ...FORM, authorization: basic(client) }, body: 'grant_type=client_credentials' };
    const { body } = await bad.send(request);
    await bad.service.get(ClientStore).setEnabled(client.id, false, bad.service.clock.now());
    expectOAuthError(await bad.refused(request), 401, 'invalid_client');
    const introspected = await machine('/connect/introspect', { token: body.access_token });
    expect(introspected.body).toEqual({ active: false });
  });

  it('refuses the refresh token of a client that was disabled a moment ago', async () => {
    const { refreshToken } = await signUp(bad.service.url);
    const store = bad.service.get(ClientStore);
    await store.setEnabled('first-party', false, bad.service.clock.now());
    const answer = await firstParty({ grant_type: 'refresh_token', refresh_token: refreshToken });
    expectOAuthError(answer, 400, 'invalid_grant');
    await store.setEnabled('first-party', true, bad.service.clock.now());
    // For good, also when it is enabled again.
    expectOAuthError(await firstParty({ grant_type: 'refresh_token', refresh_token: refreshToken }), 400, 'invalid_grant');
  });
});

describe.each(['/connect/introspect', '/connect/revoke'])('%s', (path) => {
  it('refuses to go without a token', async () => {
    expectOAuthError(await machine(path, { token_type_hint: 'access_token' }), 400, 'invalid_request');
    expectOAuthError(await machine(path, { token: '' }), 400, 'invalid_request');
  });

  it('refuses a client without the permission', async () => {
    const headers = { ...FORM, authorization: basic(bare) };
    const body = `token=${bad.tokens.machineJwt}`;
    expectOAuthError(await bad.refused({ path, headers, body }), 400, 'unauthorized_client');
  });
});

describe('Introspection', () => {
  it('refuses public clients, whatever their permissions (protocol.md)', async () => {
    const body = `token=${bad.tokens.machineJwt}&client_id=${open.id}`;
    expectOAuthError(await bad.refused({ path: '/connect/introspect', headers: FORM, body }), 400, 'unauthorized_client');
  });
});
