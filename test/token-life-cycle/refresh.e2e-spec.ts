import { IssuanceEvents, type ChainEvent } from '../../src/issuance/issuance-events.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { ScopeStore } from '../../src/storage/scope.store.js';
import { confidentialClient, publicClient, resourceServer, type ClientBuilder } from '../support/clients.js';
import { seeChanges } from '../support/configuration.js';
import { claimsOf } from '../support/jwt.js';
import { ProtocolClient, signUp } from '../support/protocol-client.js';
import { PersonGrant } from '../support/person-grant.js';
import { startService, type TestService } from '../support/service-app.js';

let service: TestService;
let api: ProtocolClient;

beforeAll(async () => {
  service = await startService({ issuance: { grants: [PersonGrant] } });
  api = new ProtocolClient(service.url, await resourceServer().register(service));
  await service.get(ScopeStore).put({ name: 'todos:read', resources: ['https://todos.example'] }, service.clock.now());
  await service.get(ScopeStore).put({ name: 'notes:read', resources: ['https://notes.example'] }, service.clock.now());
});
afterAll(() => service.close());

const active = async (token: string): Promise<boolean> => (await api.introspect(token)).body.active;

/** A client that opened a person's grant with both scopes, by the grant type of the tests' own. */
async function opened(builder: ClientBuilder) {
  const registered = await builder
    .withPermissions({
      endpoints: ['token', 'revocation', 'introspection'],
      grantTypes: [PersonGrant.type, 'refresh_token'],
      scopes: ['todos:read', 'notes:read', 'offline_access'],
    })
    .register(service);
  const client = new ProtocolClient(service.url, registered);
  const { subject } = await person();
  const scope = 'todos:read notes:read offline_access';
  const { body } = await client.token({ grant_type: PersonGrant.type, subject, scope });
  return { client, id: registered.id, accessToken: body.access_token as string, refreshToken: body.refresh_token as string };
}

async function person(): Promise<{ subject: string }> {
  return { subject: (await signUp(service.url)).userId };
}

describe('Refreshing with rotation (RFC 6749 §6, RFC 9700 §4.14)', () => {
  it('rotates, answers a retry alike, and ends the family on reuse', async () => {
    const { client, refreshToken } = await opened(publicClient());
    const first = await client.refresh(refreshToken);
    expect(first.body.refresh_token).toMatch(/^cs_rt_/);
    expect(first.body.refresh_token).not.toBe(refreshToken);
    const retry = await client.refresh(refreshToken);
    expect(retry.body.refresh_token).toBe(first.body.refresh_token);
    expect(claimsOf(retry.body.access_token)).toEqual(claimsOf(first.body.access_token));
    expect(await active(first.body.access_token)).toBe(true);

    service.clock.advance(31);
    const reuse = await client.refresh(refreshToken);
    expect([reuse.status, reuse.body.error]).toEqual([400, 'invalid_grant']);
    expect(await active(first.body.access_token)).toBe(false);
    expect((await client.refresh(first.body.refresh_token)).body.error).toBe('invalid_grant');
  });

  it('tells the application of retries and reuses, by ids only', async () => {
    const seen: [string, ChainEvent][] = [];
    service.get(IssuanceEvents).on('refresh.retry', (event) => seen.push(['retry', event]));
    service.get(IssuanceEvents).on('refresh.reuse', (event) => seen.push(['reuse', event]));
    const { client, id, refreshToken } = await opened(publicClient());
    await client.refresh(refreshToken);
    await client.refresh(refreshToken);
    service.clock.advance(31);
    await client.refresh(refreshToken);
    expect(seen.map(([kind]) => kind)).toEqual(['retry', 'reuse']);
    expect(seen[0]?.[1]).toEqual({ authorizationId: expect.stringMatching(/^[0-9a-f-]{36}$/), client: id, subject: expect.any(String) });
  });

  it('narrows scope and resource for one access token; the chain keeps what it has', async () => {
    const { client, refreshToken } = await opened(publicClient());
    const narrow = await client.refresh(refreshToken, { scope: 'todos:read', resource: 'https://todos.example' });
    expect(claimsOf(narrow.body.access_token)).toMatchObject({ scope: 'todos:read', aud: 'https://todos.example' });
    const wide = await client.refresh(narrow.body.refresh_token);
    expect(claimsOf(wide.body.access_token)).toMatchObject({
      scope: 'todos:read notes:read offline_access',
      aud: ['https://todos.example', 'https://notes.example'],
    });
  });

  it('refuses more than was granted and burns nothing', async () => {
    const { client, refreshToken } = await opened(publicClient());
    expect((await client.refresh(refreshToken, { scope: 'todos:read todos:write' })).body.error).toBe('invalid_scope');
    expect((await client.refresh(refreshToken, { resource: 'https://other.example' })).body.error).toBe('invalid_target');
    expect((await client.refresh(refreshToken, { scope: 'todos:read  notes:read' })).body.error).toBe('invalid_scope');
    expect((await client.refresh(refreshToken, { resource: 'no-uri' })).body.error).toBe('invalid_target');
    expect((await client.refresh(refreshToken)).status).toBe(200);
  });

  it.each([false, true])(
    'gives a retry that asks for less a further access token and the same refresh token (by reference: %s)',
    async (referenceAccessTokens) => {
      const { client, refreshToken } = await opened(publicClient().withSettings({ referenceAccessTokens }));
      const first = await client.refresh(refreshToken);
      const narrow = await client.refresh(refreshToken, { scope: 'todos:read' });
      const again = await client.refresh(refreshToken, { scope: 'todos:read' });
      const same = await client.refresh(refreshToken, { scope: 'notes:read offline_access todos:read' });
      expect([narrow, again, same].map(({ body }) => body.refresh_token)).toEqual(Array(3).fill(first.body.refresh_token));
      const [firstEntry, narrowEntry, againEntry, sameEntry] = await Promise.all(
        [first, narrow, again, same].map(({ body }) => api.introspect(body.access_token)),
      );
      expect(narrowEntry?.body).toMatchObject({ active: true, scope: 'todos:read' });
      expect(againEntry?.body.jti).toBe(narrowEntry?.body.jti);
      expect(narrowEntry?.body.jti).not.toBe(firstEntry?.body.jti);
      expect(sameEntry?.body.jti).toBe(firstEntry?.body.jti);
    },
  );

  it('has an absolute end, whatever is refreshed', async () => {
    const { client, refreshToken } = await opened(publicClient().withSettings({ refreshTokenLifetime: 100, chainLifetime: 150 }));
    service.clock.advance(99);
    const { body } = await client.refresh(refreshToken);
    expect(body.expires_in).toBe(51);
    expect(claimsOf(body.access_token).exp - claimsOf(body.access_token).iat).toBe(51);
    service.clock.advance(52);
    expect((await client.refresh(body.refresh_token)).body.error).toBe('invalid_grant');
  });

  it('keeps a strict client strict', async () => {
    const { client, refreshToken } = await opened(publicClient().withSettings({ leeway: 0 }));
    const { body } = await client.refresh(refreshToken);
    expect((await client.refresh(refreshToken)).body.error).toBe('invalid_grant');
    expect((await client.refresh(body.refresh_token)).body.error).toBe('invalid_grant');
  });

  it('refuses a stranger and leaves the chain alone', async () => {
    const { client, refreshToken } = await opened(publicClient());
    const stranger = await opened(publicClient());
    expect((await stranger.client.refresh(refreshToken)).body.error).toBe('invalid_grant');
    expect((await client.refresh(refreshToken)).status).toBe(200);
  });
});

describe('Refreshing without rotation', () => {
  it('is the default of confidential clients: the refresh token stays, with its fixed end', async () => {
    const { client, refreshToken } = await opened(confidentialClient().withSettings({ refreshTokenLifetime: 1_000 }));
    const [first, second] = [await client.refresh(refreshToken), await client.refresh(refreshToken, { scope: 'todos:read' })];
    expect(first.body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 900,
      scope: 'todos:read notes:read offline_access',
    });
    expect(claimsOf(second.body.access_token).scope).toBe('todos:read');
    expect(await active(first.body.access_token)).toBe(true);
    expect((await client.refresh(refreshToken, { scope: 'more' })).body.error).toBe('invalid_scope');
    service.clock.advance(1_000);
    expect((await client.refresh(refreshToken)).body.error).toBe('invalid_grant');
  });

  it('treats a token that was spent while rotation was on as before', async () => {
    const { client, id, refreshToken } = await opened(publicClient());
    const { body } = await client.refresh(refreshToken);
    const record = await service.get(ClientStore).find(id);
    if (record) await service.get(ClientStore).update({ ...record, settings: { rotation: false } }, service.clock.now());
    await seeChanges(service);
    expect((await client.refresh(refreshToken)).body.refresh_token).toBe(body.refresh_token);
    expect((await client.refresh(body.refresh_token)).body.refresh_token).toBeUndefined();
    service.clock.advance(31);
    expect((await client.refresh(refreshToken)).body.error).toBe('invalid_grant');
    expect((await client.refresh(body.refresh_token)).body.error).toBe('invalid_grant');
  });
});

describe('Self-contained refresh tokens', () => {
  it('rotate, answer a retry with the same token, and are found by introspection and revocation', async () => {
    const { client, refreshToken } = await opened(confidentialClient().withSettings({ referenceRefreshTokens: false, rotation: true }));
    expect(refreshToken.split('.')).toHaveLength(5);
    const [first, retry] = [await client.refresh(refreshToken), await client.refresh(refreshToken)];
    expect(retry.body.refresh_token).toBe(first.body.refresh_token);
    expect((await client.introspect(first.body.refresh_token)).body).toMatchObject({
      active: true,
      scope: 'todos:read notes:read offline_access',
    });
    expect(await active(first.body.refresh_token)).toBe(false); // another client's refresh token is nobody's business
    await client.revoke(first.body.refresh_token);
    expect(await active(first.body.access_token)).toBe(false);
    expect((await client.refresh(first.body.refresh_token)).body.error).toBe('invalid_grant');
  });
});
