import { ScopeStore } from '../../src/storage/scope.store.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { confidentialClient, publicClient, resourceServer } from '../support/clients.js';
import { claimsOf } from '../support/jwt.js';
import { ProtocolClient } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';

let service: TestService;
let api: ProtocolClient;

beforeAll(async () => {
  service = await startService();
  api = new ProtocolClient(service.url, await resourceServer().register(service));
  await service.get(ScopeStore).put({ name: 'todos:read', resources: ['https://todos.example'] }, service.clock.now());
});
afterAll(() => service.close());

const machine = async (builder = confidentialClient()) => new ProtocolClient(service.url, await builder.register(service));
const ask = { grant_type: 'client_credentials' };

describe('Client credentials (RFC 6749 §4.4)', () => {
  it('issues a JWT with an entry: introspected, revoked', async () => {
    const client = await machine(confidentialClient().withScopes('todos:read'));
    const { status, body, headers } = await client.token({ ...ask, scope: 'todos:read' });
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({ access_token: expect.stringMatching(/^ey/), token_type: 'Bearer', expires_in: 900 });
    expect((await api.introspect(body.access_token)).body).toMatchObject({
      active: true,
      scope: 'todos:read',
      token_type: 'Bearer',
      aud: 'https://todos.example',
    });
    expect((await client.revoke(body.access_token)).status).toBe(200);
    expect((await api.introspect(body.access_token)).body).toEqual({ active: false });
  });

  it('issues by reference where the client asks for it', async () => {
    const registered = await confidentialClient().withSettings({ referenceAccessTokens: true, accessTokenLifetime: 60 }).register(service);
    const client = new ProtocolClient(service.url, registered);
    const { body } = await client.token(ask);
    expect(body).toEqual({ access_token: expect.stringMatching(/^cs_at_[\w-]{80}$/), token_type: 'Bearer', expires_in: 60 });
    expect((await api.introspect(body.access_token)).body).toMatchObject({
      active: true,
      client_id: registered.id,
      sub: registered.id,
      aud: service.issuer,
    });
    service.clock.advance(60);
    expect((await api.introspect(body.access_token)).body).toEqual({ active: false });
  });

  it('signs with the algorithm the client asks for', async () => {
    const { body } = await (await machine(confidentialClient().withSettings({ accessTokenAlgorithm: 'RS256' }))).token(ask);
    expect(JSON.parse(Buffer.from(body.access_token.split('.')[0], 'base64url').toString())).toMatchObject({ alg: 'RS256', typ: 'at+jwt' });
    expect((await api.introspect(body.access_token)).body.active).toBe(true);
  });

  it.each([
    ['an unknown scope', { scope: 'nothing' }, 'invalid_scope'],
    ['a scope it may not ask for', { scope: 'todos:write' }, 'invalid_scope'],
    ['a scope of people', { scope: 'openid' }, 'invalid_scope'],
    ['a resource it may not ask for', { resource: 'https://other.example' }, 'invalid_target'],
    ['a resource with a fragment', { resource: 'https://todos.example#x' }, 'invalid_target'],
  ])('refuses %s', async (_what, more, error) => {
    const { status, body } = await (await machine(confidentialClient().withScopes('todos:read', 'openid'))).token({ ...ask, ...more });
    expect([status, body.error]).toEqual([400, error]);
  });

  it('takes the audience from the request, the scopes, the client, the service, in this order', async () => {
    const builder = () =>
      confidentialClient().withPermissions({ scopes: ['todos:read'], resources: ['https://own.example', 'https://second.example'] });
    const audienceOf = async (client: ProtocolClient, form: Record<string, string>) =>
      claimsOf((await client.token({ ...ask, ...form })).body.access_token).aud;
    const client = await machine(builder().with({ defaultResource: 'https://default.example' }));
    expect(await audienceOf(client, { resource: 'https://own.example', scope: 'todos:read' })).toBe('https://own.example');
    expect(await audienceOf(client, { scope: 'todos:read' })).toBe('https://todos.example');
    expect(await audienceOf(client, {})).toBe('https://default.example');
    expect(await audienceOf(await machine(builder()), {})).toBe(service.issuer);
  });

  it('is not for public clients, nor for clients without the permission', async () => {
    const open = await machine(publicClient().withPermissions({ grantTypes: ['client_credentials'] }));
    expect((await open.token(ask)).body.error).toBe('unauthorized_client');
    const barred = await machine(confidentialClient().withPermissions({ grantTypes: [] }));
    expect((await barred.token(ask)).body.error).toBe('unauthorized_client');
    expect((await barred.token({ grant_type: 'password' })).body.error).toBe('unsupported_grant_type');
  });

  it('works at once after the client was disabled and enabled again, on its new standing grant', async () => {
    const registered = await confidentialClient().register(service);
    const client = new ProtocolClient(service.url, registered);
    const before = (await client.token(ask)).body.access_token;
    const store = service.get(ClientStore);
    await store.setEnabled(registered.id, false, service.clock.now());
    expect((await client.token(ask)).body.error).toBe('invalid_client');
    await store.setEnabled(registered.id, true, service.clock.now());
    const after = (await client.token(ask)).body.access_token;
    expect((await api.introspect(before)).body.active).toBe(false);
    expect((await api.introspect(after)).body.active).toBe(true);
  });
});
