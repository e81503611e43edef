import { createHash } from 'node:crypto';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet, type JWTVerifyResult } from 'jose';
import { ConsentStore } from '../../src/storage/consent.store.js';
import type { ClientSettings } from '../../src/storage/client.store.js';
import { confidentialClient, resourceServer } from '../support/clients.js';
import { CodeFlow, codeClient, person, signedIn } from '../support/code-flow.js';
import { ProtocolClient } from '../support/protocol-client.js';
import { PersonGrant } from '../support/person-grant.js';
import { startService, type TestService } from '../support/service-app.js';

let service: TestService;

beforeAll(async () => {
  service = await startService({ issuance: { grants: [PersonGrant] } });
});
afterAll(() => service.close());

const now = (): number => service.clock.now().getTime() / 1000;

/** As a client does (OpenID Connect Core §3.1.3.7). */
async function verified(flow: CodeFlow, idToken: string, algorithm: 'RS256' | 'ES256' = 'RS256'): Promise<JWTVerifyResult> {
  const keys: JSONWebKeySet = (await flow.api.json('GET', '/.well-known/jwks.json')).body;
  return jwtVerify(idToken, createLocalJWKSet(keys), {
    issuer: service.issuer,
    audience: flow.client.id,
    algorithms: [algorithm],
    currentDate: service.clock.now(),
  });
}

const halfHash = (accessToken: string): string =>
  createHash('sha256').update(accessToken, 'ascii').digest().subarray(0, 16).toString('base64url');

describe('Id tokens (OpenID Connect Core §2)', () => {
  it.each<[algorithm: 'RS256' | 'ES256', settings: ClientSettings]>([
    ['RS256', {}],
    ['RS256', { accessTokenAlgorithm: 'ES256', referenceAccessTokens: true }],
    ['ES256', { idTokenAlgorithm: 'ES256', accessTokenAlgorithm: 'RS256' }],
  ])('%s: say who signed in, when and how, and nothing that userinfo tells (§5.4) %j', async (algorithm, settings) => {
    const flow = await CodeFlow.of(service, codeClient('public').withSettings(settings));
    const account = await person(service, { displayName: 'Ada', roles: ['editor'], claims: { given_name: 'Ada' } });
    const session = await signedIn(service, account);
    service.clock.advance(90);
    const issued = await flow.issue({ session, scopes: ['openid', 'profile', 'email', 'roles'] });
    service.clock.advance(10);
    const { body } = await flow.redeem(issued);
    const { payload, protectedHeader } = await verified(flow, body.id_token, algorithm);
    expect(protectedHeader).toEqual({ alg: algorithm, typ: 'JWT', kid: expect.any(String) });
    expect(payload).toEqual({
      iss: service.issuer,
      sub: account.id,
      aud: flow.client.id,
      azp: flow.client.id,
      iat: now(),
      exp: now() + 900,
      auth_time: now() - 100,
      amr: ['pwd'],
      nonce: issued.nonce,
      sid: session.sid,
      at_hash: halfHash(body.access_token),
    });
  });

  it('live as long as the options say, and are signed as they say', async () => {
    const other = await startService({ beside: service, issuance: { idTokenLifetime: 60, idTokenAlgorithm: 'ES256' } });
    try {
      const flow = await CodeFlow.of(other, codeClient('public'));
      const { body } = await flow.redeem(await flow.issue());
      const { payload } = await verified(flow, body.id_token, 'ES256');
      expect(payload.exp).toBe(now() + 60);
    } finally {
      await other.close();
    }
  });

  it('come with scope openid only', async () => {
    const flow = await CodeFlow.of(service, codeClient('public'));
    const { body } = await flow.redeem(await flow.issue({ scopes: ['profile', 'email'] }));
    expect(body).not.toHaveProperty('id_token');
  });

  it('have no nonce where the request had none', async () => {
    const flow = await CodeFlow.of(service, codeClient('public'));
    const { body } = await flow.redeem(await flow.issue({ nonce: null }));
    expect((await verified(flow, body.id_token)).payload).not.toHaveProperty('nonce');
  });

  it('come with a grant type of the application, too: of what its grant says', async () => {
    const client = await confidentialClient()
      .withPermissions({ grantTypes: [PersonGrant.type], scopes: ['openid'] })
      .register(service);
    const flow = new CodeFlow(service, client);
    const { body } = await flow.api.token({ grant_type: PersonGrant.type, subject: 'somebody', scope: 'openid' });
    const { payload } = await verified(flow, body.id_token);
    expect(payload).toMatchObject({ sub: 'somebody', at_hash: halfHash(body.access_token) });
    for (const member of ['nonce', 'sid', 'auth_time', 'amr']) expect(payload).not.toHaveProperty(member);
  });
});

describe('On a refresh (OpenID Connect Core §12.2)', () => {
  it.each<[name: string, settings: ClientSettings]>([
    ['with rotation', { rotation: true }],
    ['without rotation', { rotation: false }],
    ['with self-contained refresh tokens', { rotation: true, referenceRefreshTokens: false }],
  ])('%s there is a new one: the same sign-in, another access token, no nonce', async (_, settings) => {
    const flow = await CodeFlow.of(service, codeClient('confidential').withSettings(settings));
    const session = await signedIn(service, await person(service));
    const { body: first } = await flow.redeem(await flow.issue({ session, scopes: ['openid', 'offline_access'] }));
    service.clock.advance(3_600);
    const { body } = await flow.api.refresh(first.refresh_token);
    const { payload } = await verified(flow, body.id_token);
    expect(payload).toEqual({
      iss: service.issuer,
      sub: session.subject,
      aud: flow.client.id,
      azp: flow.client.id,
      iat: now(),
      exp: now() + 900,
      auth_time: now() - 3_600,
      amr: ['pwd'],
      sid: session.sid,
      at_hash: halfHash(body.access_token),
    });
  });

  it('a retry within the leeway gets one for the access token that it gets', async () => {
    const flow = await CodeFlow.of(service, codeClient('public'));
    const { body } = await flow.redeem(await flow.issue({ scopes: ['openid', 'profile', 'offline_access'] }));
    await flow.api.refresh(body.refresh_token);
    service.clock.advance(20);
    for (const scope of ['openid profile offline_access', 'openid']) {
      const retry = (await flow.api.refresh(body.refresh_token, { scope })).body;
      expect((await verified(flow, retry.id_token)).payload).toMatchObject({ iat: now(), at_hash: halfHash(retry.access_token) });
    }
  });

  it('there is none for an access token without scope openid', async () => {
    const flow = await CodeFlow.of(service, codeClient('public'));
    const { body } = await flow.redeem(await flow.issue({ scopes: ['openid', 'profile', 'offline_access'] }));
    expect((await flow.api.refresh(body.refresh_token, { scope: 'profile' })).body).not.toHaveProperty('id_token');
  });
});

describe('An id token is no access token', () => {
  let idToken: string;
  let flow: CodeFlow;

  beforeAll(async () => {
    flow = await CodeFlow.of(service, codeClient('confidential').withSettings({ idTokenAlgorithm: 'ES256' }));
    const session = await signedIn(service, await person(service));
    await service.get(ConsentStore).allow(session.subject, flow.client.id, ['openid'], service.clock.now());
    idToken = (await flow.redeem(await flow.issue({ session }))).body.id_token;
  });

  it.each(['/connect/userinfo', '/auth/me', '/auth/sessions'])('at %s', async (path) => {
    const { status, headers } = await flow.api.json('GET', path, undefined, idToken);
    expect([status, headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('error="invalid_token"')]);
  });

  it('for introspection, whoever asks', async () => {
    const api = new ProtocolClient(service.url, await resourceServer().register(service));
    for (const caller of [api, flow.api]) expect((await caller.introspect(idToken)).body).toEqual({ active: false });
  });

  it('for revocation, nor for refreshing, nor is it a code', async () => {
    expect((await flow.api.revoke(idToken)).status).toBe(200);
    expect((await flow.api.refresh(idToken)).body.error).toBe('invalid_grant');
    expect((await flow.redeem(await flow.issue(), { code: idToken })).body.error).toBe('invalid_grant');
  });
});
