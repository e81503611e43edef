import { ClientStore, type ClientSettings } from '../../src/storage/client.store.js';
import { confidentialClient, resourceServer } from '../support/clients.js';
import { CodeFlow, codeClient, person, signedIn } from '../support/code-flow.js';
import { seeChanges } from '../support/configuration.js';
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

const introspected = async (token: string) => (await api.introspect(token)).body;
const now = (): number => service.clock.now().getTime() / 1000;

describe('Redeeming a code (RFC 6749 §4.1.3)', () => {
  it.each(['public', 'confidential'] as const)('yields a %s client an access token, and says what was granted', async (type) => {
    const flow = await CodeFlow.of(service, codeClient(type));
    const session = await signedIn(service, await person(service));
    const { status, headers, body } = await flow.redeem(await flow.issue({ session, scopes: ['profile'] }));
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(body).toEqual({ access_token: expect.any(String), token_type: 'Bearer', expires_in: 900, scope: 'profile' });
    expect(claimsOf(body.access_token)).toEqual({
      iss: service.issuer,
      sub: session.subject,
      aud: 'https://api.example',
      client_id: flow.client.id,
      scope: 'profile',
      sid: session.sid,
      lnk: 1,
      auth_time: session.authenticatedAt.getTime() / 1000,
      amr: ['pwd'],
      jti: expect.any(String),
      iat: now(),
      exp: now() + 900,
    });
    expect(await introspected(body.access_token)).toMatchObject({ active: true, sub: session.subject, client_id: flow.client.id });
  });

  it('by client_secret_post', async () => {
    const flow = await CodeFlow.of(service, codeClient('confidential').with({ authenticationMethod: 'client_secret_post' }));
    const { code, verifier, redirectUri } = await flow.issue();
    const authentication = { client_id: flow.client.id, client_secret: flow.client.secret ?? '' };
    const form = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri };
    expect((await new ProtocolClient(service.url).token({ ...authentication, ...form })).status).toBe(200);
  });

  it('says who the person is as far as the scopes say (RFC 9068 §2.2.3)', async () => {
    const flow = await CodeFlow.of(service, codeClient('public'));
    const account = await person(service, { roles: ['editor'], displayName: 'Ada', claims: { phone_number: '1' } });
    const session = await signedIn(service, account);
    const scopes = ['openid', 'profile', 'email', 'phone', 'address', 'roles', 'offline_access'];
    const wide = (await flow.redeem(await flow.issue({ session, scopes }))).body;
    expect(claimsOf(wide.access_token)).toMatchObject({ email: account.email, roles: ['editor'] });
    for (const member of ['name', 'phone_number', 'email_verified']) expect(claimsOf(wide.access_token)).not.toHaveProperty(member);
    const narrow = (await flow.api.refresh(wide.refresh_token, { scope: 'openid roles' })).body;
    expect(claimsOf(narrow.access_token)).toMatchObject({ roles: ['editor'], scope: 'openid roles' });
    expect(claimsOf(narrow.access_token)).not.toHaveProperty('email');
    expect(await introspected(wide.access_token)).toMatchObject({ email: account.email, username: account.email });
    for (const member of ['email', 'username']) expect(await introspected(narrow.access_token)).not.toHaveProperty(member);
  });

  it('ignores a scope parameter, and tells the scope all the same: this request does not ask for any', async () => {
    const flow = await CodeFlow.of(service, codeClient('public'));
    for (const scope of ['profile', 'openid', 'admin', 'not a  scope"']) {
      const { status, body } = await flow.redeem(await flow.issue({ scopes: ['profile'] }), { scope });
      expect([status, body.scope]).toEqual([200, 'profile']);
    }
  });

  it('knows the redirect URI where the request left it out: then it may be missing here, too', async () => {
    const flow = await CodeFlow.of(service, codeClient('confidential'));
    const issue = () => flow.issue({ redirectUriOmitted: true });
    expect((await flow.redeem(await issue(), { redirect_uri: '' })).status).toBe(200);
    expect((await flow.redeem(await issue())).status).toBe(200);
    expect((await flow.redeem(await issue(), { redirect_uri: 'https://app.example/other' })).body.error).toBe('invalid_grant');
  });

  it('needs no verifier where there was no challenge', async () => {
    const flow = await CodeFlow.of(service, codeClient('confidential').withSettings({ requirePkce: false }));
    expect((await flow.redeem(await flow.issue({ codeChallenge: null }), { code_verifier: '' })).status).toBe(200);
  });

  it('is possible for as long as the options say', async () => {
    const brief = await startService({ beside: service, issuance: { authorizationCodeLifetime: 5 } });
    try {
      const flow = await CodeFlow.of(brief, codeClient('public'));
      const [soon, late] = [await flow.issue(), await flow.issue()];
      service.clock.advance(4);
      expect((await flow.redeem(soon)).status).toBe(200);
      service.clock.advance(1);
      expect((await flow.redeem(late)).body.error).toBe('invalid_grant');
    } finally {
      await brief.close();
    }
  });
});

describe('Formats of the tokens a code yields', () => {
  it.each<[name: string, settings: ClientSettings]>([
    ['ES256 JWT', {}],
    ['RS256 JWT', { accessTokenAlgorithm: 'RS256' }],
    ['reference', { referenceAccessTokens: true }],
  ])('%s access tokens say the same', async (_, settings) => {
    const flow = await CodeFlow.of(service, codeClient('public').withSettings(settings));
    const session = await signedIn(service, await person(service));
    const { body } = await flow.redeem(await flow.issue({ session, scopes: ['openid', 'profile'] }));
    expect(body.access_token).toMatch(settings.referenceAccessTokens ? /^cs_at_/ : /^ey/);
    expect(await introspected(body.access_token)).toMatchObject({
      active: true,
      sub: session.subject,
      sid: session.sid,
      scope: 'openid profile',
      aud: 'https://api.example',
      amr: ['pwd'],
    });
  });

  describe.each([true, false])('refresh tokens by reference: %s', (referenceRefreshTokens) => {
    it.each([true, false])('go on with rotation: %s', async (rotation) => {
      const flow = await CodeFlow.of(service, codeClient('confidential').withSettings({ referenceRefreshTokens, rotation }));
      const { body: first } = await flow.redeem(await flow.issue({ scopes: ['offline_access', 'profile'] }));
      expect(first.refresh_token.split('.')).toHaveLength(referenceRefreshTokens ? 1 : 5);
      const { body: second } = await flow.api.refresh(first.refresh_token);
      expect(claimsOf(second.access_token)).toMatchObject({ scope: 'offline_access profile', lnk: rotation ? 2 : 1 });
      if (rotation)
        expect((await flow.api.refresh(first.refresh_token)).body.refresh_token).toBe(second.refresh_token); // a retry
      else expect(second).not.toHaveProperty('refresh_token');
      service.clock.advance(31);
      const later = await flow.api.refresh(first.refresh_token);
      expect(later.body.error).toBe(rotation ? 'invalid_grant' : undefined);
      expect((await introspected(first.access_token)).active).toBe(!rotation);
    });
  });

  it('has its absolute end from the approval on', async () => {
    const flow = await CodeFlow.of(service, codeClient('public').withSettings({ chainLifetime: 100 }));
    const issued = await flow.issue({ scopes: ['offline_access'] });
    service.clock.advance(50);
    const { body } = await flow.redeem(issued);
    expect([body.expires_in, claimsOf(body.access_token).exp]).toEqual([50, now() + 50]);
    service.clock.advance(50);
    expect((await flow.api.refresh(body.refresh_token)).body.error).toBe('invalid_grant');
  });
});

describe('A refresh token comes', () => {
  it('with scope offline_access only (OpenID Connect Core §11)', async () => {
    const flow = await CodeFlow.of(service, codeClient('public'));
    const { body } = await flow.redeem(await flow.issue({ scopes: ['openid', 'profile'] }));
    expect(body).not.toHaveProperty('refresh_token');
    expect((await flow.redeem(await flow.issue({ scopes: ['openid', 'offline_access'] }))).body.refresh_token).toMatch(/^cs_rt_/);
  });

  it('to clients that may use it only', async () => {
    const flow = await CodeFlow.of(service, codeClient('public').withPermissions({ grantTypes: ['authorization_code'] }));
    const { status, body } = await flow.redeem(await flow.issue({ scopes: ['offline_access'] }));
    expect([status, body.refresh_token]).toEqual([200, undefined]);
  });

  it('where refreshing is on only', async () => {
    const without = await startService({ beside: service, issuance: { grantTypes: { refreshToken: false } } });
    try {
      const flow = await CodeFlow.of(without, codeClient('public'));
      const { status, body } = await flow.redeem(await flow.issue({ scopes: ['offline_access'] }));
      expect([status, body.refresh_token]).toEqual([200, undefined]);
    } finally {
      await without.close();
    }
  });
});

describe('Resources (RFC 8707 §2.2)', () => {
  const both = ['https://one.example', 'https://two.example'];

  it('of the access token may be fewer than were approved; the chain keeps them all', async () => {
    const flow = await CodeFlow.of(service, codeClient('public'));
    const issued = await flow.issue({ scopes: ['offline_access'], resources: both });
    const { body } = await flow.redeem(issued, { resource: 'https://two.example' });
    expect(claimsOf(body.access_token).aud).toBe('https://two.example');
    expect(claimsOf((await flow.api.refresh(body.refresh_token)).body.access_token).aud).toEqual(both);
  });

  it('are all there when none is named', async () => {
    const flow = await CodeFlow.of(service, codeClient('public'));
    const { body } = await flow.redeem(await flow.issue({ resources: both }));
    expect(claimsOf(body.access_token).aud).toEqual(both);
  });

  it.each(['https://three.example', 'https://one.example/#part', 'one'])('%s was not approved: the code is not spent', async (resource) => {
    const flow = await CodeFlow.of(service, codeClient('public'));
    const issued = await flow.issue({ resources: both });
    const { status, body } = await flow.redeem(issued, { resource });
    expect([status, body.error]).toEqual([400, 'invalid_target']);
    expect((await flow.redeem(issued)).status).toBe(200);
  });
});

it('A client that holds a code and loses the permission redeems it no more', async () => {
  const flow = await CodeFlow.of(service, codeClient('confidential'));
  const issued = await flow.issue();
  const record = await service.get(ClientStore).find(flow.client.id);
  if (record)
    await service
      .get(ClientStore)
      .update({ ...record, permissions: { ...record.permissions, grantTypes: ['refresh_token'] } }, service.clock.now());
  await seeChanges(service);
  const { status, body } = await flow.redeem(issued);
  expect([status, body.error]).toEqual([400, 'unauthorized_client']);
});

it('Client credentials still have no scopes of people', async () => {
  const client = await confidentialClient().withScopes('openid', 'email').register(service);
  const { body } = await new ProtocolClient(service.url, client).token({ grant_type: 'client_credentials', scope: 'openid' });
  expect(body.error).toBe('invalid_scope');
});
