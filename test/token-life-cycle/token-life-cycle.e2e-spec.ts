import { confidentialClient, publicClient, resourceServer } from '../support/clients.js';
import { ProtocolClient, signUp } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';

let service: TestService;
let api: ProtocolClient;
const app = () => new ProtocolClient(service.url, { id: 'first-party', secret: undefined });

beforeAll(async () => {
  service = await startService();
  api = new ProtocolClient(service.url, await resourceServer().register(service));
});
afterAll(() => service.close());

const active = async (token: string): Promise<boolean> => (await api.introspect(token)).body.active;

describe('Client credentials (RFC 6749 §4.4)', () => {
  it('issues a JWT with an entry: introspected, revoked', async () => {
    const client = new ProtocolClient(service.url, await confidentialClient().withScopes('todos:read').register(service));
    const { status, body, headers } = await client.token({ grant_type: 'client_credentials', scope: 'todos:read' });
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({ access_token: expect.stringMatching(/^ey/), token_type: 'Bearer', expires_in: 900 });
    expect((await api.introspect(body.access_token)).body).toMatchObject({ active: true, scope: 'todos:read', token_type: 'Bearer' });
    expect((await client.revoke(body.access_token)).status).toBe(200);
    expect((await api.introspect(body.access_token)).body).toEqual({ active: false });
  });

  it('issues by reference where the client asks for it', async () => {
    const registered = await confidentialClient().withSettings({ referenceAccessTokens: true, accessTokenLifetime: 60 }).register(service);
    const client = new ProtocolClient(service.url, registered);
    const { body } = await client.token({ grant_type: 'client_credentials' });
    expect(body.access_token).toMatch(/^cs_at_/);
    expect(body.expires_in).toBe(60);
    expect((await api.introspect(body.access_token)).body).toMatchObject({ active: true, client_id: registered.id, sub: registered.id, aud: service.issuer });
    await client.revoke(body.access_token);
    expect(await active(body.access_token)).toBe(false);
  });

  it('is not for public clients', async () => {
    const client = await publicClient().withPermissions({ grantTypes: ['client_credentials'] }).register(service);
    const { status, body } = await new ProtocolClient(service.url, client).token({ grant_type: 'client_credentials' });
    expect([status, body.error]).toEqual([400, 'unauthorized_client']);
  });
});

describe('Refreshing with rotation (RFC 6749 §6, RFC 9700 §4.14)', () => {
  it('rotates, answers a retry alike, and ends the family on reuse', async () => {
    const person = await signUp(service.url);
    const first = await app().refresh(person.refreshToken);
    expect(first.status).toBe(200);
    expect(first.body.refresh_token).toMatch(/^cs_rt_/);
    expect(first.body.refresh_token).not.toBe(person.refreshToken);
    const retry = await app().refresh(person.refreshToken);
    expect(retry.body.refresh_token).toBe(first.body.refresh_token);
    expect(claims(retry.body.access_token)).toEqual(claims(first.body.access_token));
    expect(await active(first.body.access_token)).toBe(true);

    service.clock.advance(31);
    const reuse = await app().refresh(person.refreshToken);
    expect([reuse.status, reuse.body.error]).toEqual([400, 'invalid_grant']);
    expect(await active(first.body.access_token)).toBe(false);
    expect((await app().refresh(first.body.refresh_token)).body.error).toBe('invalid_grant');
  });

  it('narrows, never widens; a retry that narrows gets a further access token of the same link', async () => {
    const client = await publicClient().withScopes('a:read', 'a:write').register(service);
    void client;
    const person = await signUp(service.url);
    const wide = await app().refresh(person.refreshToken, { scope: 'offline_access todos:all' });
    expect(wide.body.error).toBe('invalid_scope');
    const first = await app().refresh(person.refreshToken);
    const narrow = await app().refresh(person.refreshToken, { resource: service.issuer });
    expect(claims(narrow.body.access_token).jti).toBe(claims(first.body.access_token).jti);
    expect((await app().refresh(person.refreshToken, { resource: 'https://elsewhere.example' })).body.error).toBe('invalid_target');
  });
});

describe('Refreshing without rotation', () => {
  it('keeps the refresh token and adds access tokens', async () => {
    const registered = await publicClient().withSettings({ rotation: false }).register(service);
    void registered;
    expect(registered.secret).toBeUndefined();
  });
});

const claims = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
