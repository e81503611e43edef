import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as openid from 'openid-client';
import { sha256 } from '../../src/protocol/hashing.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { confidentialClient, resourceServer, type TestClient } from '../support/clients.js';
import { signUp } from '../support/protocol-client.js';
import { startReachableService } from '../support/reachable-service.js';
import type { TestService } from '../support/service-app.js';

/* openid-client 6 as it comes: nothing is handed to it but the issuer, the client and permission to use plain http on loopback. */
let service: TestService;
let clients: Record<'client_secret_basic' | 'client_secret_post', TestClient>;
let api: TestClient;

beforeAll(async () => {
  service = await startReachableService();
  // Characters that form-encoding changes: RFC 6749 §2.3.1.
  const basic = { id: 'back end: tasks & more', secret: 'a b:c%+ü/&=' };
  await confidentialClient().with({ id: basic.id }).withScopes('todos:read').register(service);
  await service.get(ClientStore).addSecret(basic.id, sha256(basic.secret), service.clock.now(), service.clock.now());
  const post = await confidentialClient().with({ authenticationMethod: 'client_secret_post' }).withScopes('todos:read').register(service);
  clients = { client_secret_basic: basic, client_secret_post: post };
  api = await resourceServer().register(service);
});
afterAll(() => service.close());

const AUTHENTICATION = { client_secret_basic: openid.ClientSecretBasic, client_secret_post: openid.ClientSecretPost };
type Method = keyof typeof AUTHENTICATION;
type Algorithm = 'oidc' | 'oauth2';

const discover = (client: TestClient, method: Method | 'none', algorithm?: Algorithm): Promise<openid.Configuration> =>
  openid.discovery(
    new URL(service.issuer),
    client.id,
    undefined,
    method === 'none' ? openid.None() : AUTHENTICATION[method](client.secret ?? ''),
    { execute: [openid.allowInsecureRequests], ...(algorithm && { algorithm }) },
  );

describe.each<Algorithm | undefined>([undefined, 'oidc', 'oauth2'])('openid-client, discovery %s', (algorithm) => {
  it('accepts the discovery document', async () => {
    const metadata = (await discover(api, 'client_secret_basic', algorithm)).serverMetadata();
    expect(metadata).toMatchObject({
      issuer: service.issuer,
      token_endpoint: `${service.issuer}/connect/token`,
      introspection_endpoint: `${service.issuer}/connect/introspect`,
      revocation_endpoint: `${service.issuer}/connect/revoke`,
      jwks_uri: `${service.issuer}/.well-known/jwks.json`,
    });
  });

  it.each<Method>(['client_secret_basic', 'client_secret_post'])('client credentials, introspection, revocation by %s', async (method) => {
    const config = await discover(clients[method], method, algorithm);
    const tokens = await openid.clientCredentialsGrant(config, { scope: 'todos:read' });
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 900 });
    const introspected = await openid.tokenIntrospection(config, tokens.access_token);
    expect(introspected).toMatchObject({ active: true, client_id: clients[method].id, scope: 'todos:read', iss: service.issuer });
    await openid.tokenRevocation(config, tokens.access_token, { token_type_hint: 'access_token' });
    expect(await openid.tokenIntrospection(config, tokens.access_token)).toEqual({ active: false });
  });

  it('a public client refreshes, and revokes what it has', async () => {
    const config = await discover({ id: 'first-party', secret: undefined }, 'none', algorithm);
    const resourceServerConfig = await discover(api, 'client_secret_basic', algorithm);
    const { refreshToken } = await signUp(service.url);
    const tokens = await openid.refreshTokenGrant(config, refreshToken);
    expect(tokens).toMatchObject({
      token_type: 'bearer',
      expires_in: 900,
      scope: 'offline_access',
      refresh_token: expect.stringMatching(/^cs_rt_/),
    });
    expect(await openid.tokenIntrospection(resourceServerConfig, tokens.access_token)).toMatchObject({
      active: true,
      client_id: 'first-party',
    });
    await openid.tokenRevocation(config, tokens.refresh_token ?? '', { token_type_hint: 'refresh_token' });
    expect(await openid.tokenIntrospection(resourceServerConfig, tokens.access_token)).toEqual({ active: false });
    await expect(openid.refreshTokenGrant(config, tokens.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
      status: 400,
    });
  });

  it('understands our errors', async () => {
    const wrong = await discover({ ...clients.client_secret_basic, secret: 'x' }, 'client_secret_basic', algorithm);
    // oauth4webapi reports the challenge of a 401 rather than its body.
    const refusal = await openid.clientCredentialsGrant(wrong).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(openid.WWWAuthenticateChallengeError);
    expect(refusal).toMatchObject({ status: 401, cause: [{ scheme: 'basic', parameters: { realm: 'countersign' } }] });
    const config = await discover(clients.client_secret_post, 'client_secret_post', algorithm);
    await expect(openid.clientCredentialsGrant(config, { scope: 'unknown' })).rejects.toMatchObject({
      error: 'invalid_scope',
      status: 400,
    });
    await expect(openid.genericGrantRequest(config, 'urn:example:none', {})).rejects.toMatchObject({ error: 'unsupported_grant_type' });
    const none = await discover({ id: 'nobody', secret: undefined }, 'none', algorithm);
    await expect(openid.refreshTokenGrant(none, 'x')).rejects.toMatchObject({ error: 'invalid_client', status: 401 });
  });
});

describe.each(['ES256', 'RS256'] as const)('jose verifies our %s access tokens by the published keys', (accessTokenAlgorithm) => {
  it('as RFC 9068 §4 says, and notices any change', async () => {
    const client = await confidentialClient().withSettings({ accessTokenAlgorithm }).register(service);
    const config = await discover(client, 'client_secret_basic');
    const { access_token: token } = await openid.clientCredentialsGrant(config);
    const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri ?? ''));
    const rules = {
      typ: 'at+jwt',
      issuer: service.issuer,
      audience: service.issuer,
      algorithms: [accessTokenAlgorithm],
      currentDate: service.clock.now(),
    };
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      ...rules,
      requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'client_id'],
    });
    expect(payload).toMatchObject({ sub: client.id, client_id: client.id });
    expect(protectedHeader).toEqual({ alg: accessTokenAlgorithm, typ: 'at+jwt', kid: expect.any(String) });
    const [header, , signature] = token.split('.');
    const forged = `${header}.${Buffer.from(JSON.stringify({ ...payload, sub: 'other' })).toString('base64url')}.${signature}`;
    await expect(jwtVerify(forged, keys, rules)).rejects.toMatchObject({ code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });
  });
});
