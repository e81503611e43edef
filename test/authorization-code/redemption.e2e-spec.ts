import { ClientStore } from '../../src/storage/client.store.js';
import { ConsentStore } from '../../src/storage/consent.store.js';
import { resourceServer } from '../support/clients.js';
import { CodeFlow, codeClient, person, signedIn } from '../support/code-flow.js';
import { claimsOf } from '../support/jwt.js';
import { ProtocolClient } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';

let service: TestService;
let api: ProtocolClient;

beforeAll(async () => {
  service = await startService();
  api = new ProtocolClient(service.url, await resourceServer().register(service));
});
afterAll(() => service.close());

const active = async (token: string): Promise<boolean> => (await api.introspect(token)).body.active;

describe('Redeeming a code (RFC 6749 §4.1.3)', () => {
  it.each(['public', 'confidential'] as const)('a %s client gets an access token, and says which scopes were granted', async (type) => {
    const flow = await CodeFlow.of(service, codeClient(type));
    const account = await person(service);
    const session = await signedIn(service, account);
    await service.get(ConsentStore).allow(account.id, flow.client.id, ['profile'], service.clock.now());
    const { status, headers, body } = await flow.redeem(await flow.issue({ session, scopes: ['profile'] }));
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(body).toEqual({ access_token: expect.any(String), token_type: 'Bearer', expires_in: 900, scope: 'profile' });
    expect(claimsOf(body.access_token)).toEqual({
      iss: service.issuer,
      sub: account.id,
      aud: 'https://api.example',
      client_id: flow.client.id,
      scope: 'profile',
      sid: session.sid,
      lnk: 1,
      auth_time: session.authenticatedAt.getTime() / 1000,
      amr: ['pwd'],
      jti: expect.any(String),
      iat: service.clock.now().getTime() / 1000,
      exp: service.clock.now().getTime() / 1000 + 900,
    });
    expect(await active(body.access_token)).toBe(true);
  });

  it('by client_secret_post', async () => {
    const flow = await CodeFlow.of(service, codeClient('confidential').with({ authenticationMethod: 'client_secret_post' }));
    const issued = await flow.issue();
    const form = { client_id: flow.client.id, client_secret: flow.client.secret ?? '', grant_type: 'authorization_code' };
    const answer = await new ProtocolClient(service.url).token({
      ...form,
      code: issued.code,
      code_verifier: issued.verifier,
      redirect_uri: issued.redirectUri,
    });
    expect(answer.status).toBe(200);
  });
});

void ClientStore;
