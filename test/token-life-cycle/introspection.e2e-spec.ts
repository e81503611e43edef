import { decodeJwt } from 'jose';
import { ClientStore } from '../../src/storage/client.store.js';
import { MaintenanceStore } from '../../src/storage/maintenance.store.js';
import { confidentialClient, resourceServer, type ClientBuilder } from '../support/clients.js';
import { onServer } from '../support/on-server.js';
import { PersonGrant } from '../support/person-grant.js';
import { ProtocolClient, signUp } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';

let service: TestService;

beforeAll(async () => {
  service = await startService({ issuance: { grants: [PersonGrant] } });
});
afterAll(() => service.close());

const failures = (): Promise<number> =>
  onServer(service.database.url, async (client) => Number((await client.query('select count(*) from failure')).rows[0].count));

describe('Introspection (RFC 7662)', () => {
  it('tells a client nothing from the moment it is disabled, though its record is still remembered', async () => {
    const registered = await resourceServer().register(service);
    const api = new ProtocolClient(service.url, registered);
    const { accessToken } = await signUp(service.url);
    expect((await api.introspect(accessToken)).body.active).toBe(true);
    await service.get(ClientStore).setEnabled(registered.id, false, service.clock.now());
    expect((await api.introspect(accessToken)).body).toEqual({ active: false });
  });

  // Whoever may ask for an audience was once taken for it: a caller of the API could read the tokens of its other callers.
  it('tells of a token to the API it is meant for, not to others who may ask for that audience', async () => {
    const audience = 'https://api.example';
    const caller = confidentialClient().withPermissions({ resources: [audience] });
    const asked = await new ProtocolClient(service.url, await caller.register(service)).token({
      grant_type: 'client_credentials',
      resource: audience,
    });
    const active = async (client: ClientBuilder) =>
      (await new ProtocolClient(service.url, await client.register(service)).introspect(asked.body.access_token)).body.active;
    expect(await active(confidentialClient().withPermissions({ resources: [audience] }))).toBe(false);
    expect(await active(confidentialClient().with({ defaultResource: audience }))).toBe(false);
    expect(await active(confidentialClient().withPermissions({ serves: ['https://other.example'] }))).toBe(false);
    expect(await active(confidentialClient().withPermissions({ serves: [audience] }))).toBe(true);
  });

  it('names the person only where the scope lets it, and keeps our own claims to itself', async () => {
    const api = new ProtocolClient(service.url, await resourceServer().register(service));
    const { accessToken } = await signUp(service.url);
    const { body } = await api.introspect(accessToken);
    expect(body).toMatchObject({ active: true, scope: 'offline_access' });
    for (const member of ['email', 'username', 'lnk']) expect(body).not.toHaveProperty(member);
  });
});

describe('Claims that a grant type of the application brings', () => {
  const usurping = {
    iss: 'https://other.example',
    sub: 'x',
    aud: 'x',
    client_id: 'x',
    jti: 'x',
    exp: 1,
    iat: 1,
    nbf: 9_999_999_999,
    scope: 'x',
    sid: 'x',
    lnk: 7,
    active: false,
    token_type: 'x',
    username: 'x',
    department: 'library',
  };

  it.each([false, true])('do not stand in for those of the protocol (by reference: %s)', async (referenceAccessTokens) => {
    const registered = await confidentialClient()
      .withPermissions({ grantTypes: [PersonGrant.type], scopes: [] })
      .withSettings({ referenceAccessTokens })
      .register(service);
    const issued = await new ProtocolClient(service.url, registered).token({
      ...{ grant_type: PersonGrant.type, subject: 'ada', claims: JSON.stringify(usurping) },
    });
    const { body } = await new ProtocolClient(service.url, await resourceServer().register(service)).introspect(issued.body.access_token);
    const iat = Math.floor(service.clock.now().getTime() / 1000);
    expect(body).toEqual({
      ...{
        active: true,
        iss: service.issuer,
        sub: 'ada',
        aud: service.issuer,
        client_id: registered.id,
        jti: expect.any(String) as string,
      },
      ...{ iat, nbf: iat, exp: iat + issued.body.expires_in, token_type: 'Bearer', department: 'library' },
    });
    if (referenceAccessTokens) return;
    const claims = decodeJwt(issued.body.access_token);
    const { sub, aud, client_id, jti, exp } = body;
    expect(claims).toMatchObject({ iss: service.issuer, sub, aud, client_id, jti, exp, iat, lnk: 0 });
    for (const name of ['nbf', 'scope', 'sid']) expect(claims).not.toHaveProperty(name);
  });
});

describe('Failed client authentication', () => {
  it('is counted until the address is blocked, then only refused: nobody fills the table from one address', async () => {
    const tell = (id: string) =>
      new ProtocolClient(service.url).form('/connect/introspect', { client_id: id, client_secret: 'x', token: 'x' });
    const statuses = [];
    for (let i = 0; i < 60; i++) statuses.push((await tell(`nobody-${i}`)).status);
    expect(statuses.filter((status) => status === 401).length).toBeLessThan(25);
    expect(statuses.at(-1)).toBe(429);
    const rows = await failures();
    await tell('nobody-at-all');
    expect(await failures()).toBe(rows);
    const good = new ProtocolClient(service.url, await confidentialClient().register(service));
    expect((await good.token({ grant_type: 'client_credentials' })).status).toBe(200); // a right secret is always served
    service.clock.advance(3_600);
    await service.get(MaintenanceStore).prune(service.clock.now(), 172_800);
    expect(await failures()).toBe(0);
  });
});
