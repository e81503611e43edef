import { ClientStore } from '../../src/storage/client.store.js';
import { ScopeStore } from '../../src/storage/scope.store.js';
import { ProtocolClient, signUp } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';

const TODOS = 'https://todos.example';

// Any access token of the built-in client once opened the account, whatever API it was meant for.
describe.each([[false], [true]])('An access token narrowed to an API (RFC 8707 §2.2; by reference: %s)', (referenceAccessTokens) => {
  let service: TestService;
  beforeAll(async () => {
    service = await startService({ issuance: { referenceAccessTokens, firstPartyScopes: ['offline_access', 'todos:read'] } });
    await service.get(ScopeStore).put({ name: 'todos:read', resources: [TODOS] }, service.clock.now());
  });
  afterAll(() => service.close());

  it('does not open the person’s account, and the one it was narrowed from does', async () => {
    const { accessToken, refreshToken } = await signUp(service.url);
    const app = new ProtocolClient(service.url, { id: 'first-party', secret: undefined });
    const narrowed = await app.refresh(refreshToken, { resource: TODOS });
    expect(narrowed.status).toBe(200);
    const status = async (method: string, path: string, token: string) => (await app.json(method, path, undefined, token)).status;
    expect(await status('GET', '/auth/me', narrowed.body.access_token)).toBe(401);
    expect(await status('DELETE', '/auth/sessions', narrowed.body.access_token)).toBe(401);
    expect(await status('GET', '/auth/me', accessToken)).toBe(200);
    const whole = await app.refresh(narrowed.body.refresh_token);
    expect(await status('GET', '/auth/me', whole.body.access_token)).toBe(200);
  });

  it('is for the scopes’ APIs as before', async () => {
    expect((await service.get(ClientStore).find('first-party'))?.permissions.scopes).toContain('todos:read');
    const { accessToken } = await signUp(service.url);
    const claims = referenceAccessTokens ? undefined : JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString());
    if (claims) expect(claims.aud).toEqual([service.issuer, TODOS]);
  });
});
