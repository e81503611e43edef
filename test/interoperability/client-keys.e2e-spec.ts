import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { AssertingClient, clientKey, type ClientKey } from '../support/assertions.js';
import { confidentialClient, resourceServer } from '../support/clients.js';
import { startReachableService } from '../support/reachable-service.js';
import type { TestService } from '../support/service-app.js';

/* openid-client 6 and oauth4webapi as they come: nothing is handed to them but the issuer, the client's key and permission to use plain http on loopback. */
let service: TestService;
beforeAll(async () => {
  service = await startReachableService();
  await confidentialClient().withScopes('todos:read').register(service); // makes the scope, before it is first looked for
});
afterAll(() => service.close());

async function register(builder = confidentialClient(), alg = 'ES256'): Promise<{ id: string; key: ClientKey }> {
  const key = await clientKey(alg);
  return { id: (await AssertingClient.register(builder, service, { key })).id, key };
}

const discover = (
  id: string,
  authentication: openid.ClientAuth,
  metadata?: Partial<openid.ClientMetadata>,
): Promise<openid.Configuration> =>
  openid.discovery(new URL(service.issuer), id, metadata, authentication, { execute: [openid.allowInsecureRequests] });

describe('openid-client with PrivateKeyJwt', () => {
  it('finds in the metadata that it can (RFC 8414 §2, RFC 9701 §7)', async () => {
    const { id, key } = await register();
    const metadata = (await discover(id, openid.PrivateKeyJwt(key.privateKey))).serverMetadata();
    for (const endpoint of ['token', 'introspection', 'revocation']) {
      expect(metadata[`${endpoint}_endpoint_auth_methods_supported`]).toContain('private_key_jwt');
      const algorithms = metadata[`${endpoint}_endpoint_auth_signing_alg_values_supported`] as string[];
      expect(algorithms).toEqual(expect.arrayContaining(['ES256', 'RS256', 'PS256', 'EdDSA']));
      expect(algorithms.filter((name) => name === 'none' || name.startsWith('HS'))).toEqual([]);
    }
    expect(metadata['introspection_signing_alg_values_supported']).toEqual(['RS256', 'ES256']);
  });

  it.each(['ES256', 'RS256', 'PS256', 'Ed25519'])('client credentials, introspection and revocation, signed with %s', async (alg) => {
    const { id, key } = await register(confidentialClient().withScopes('todos:read'), alg);
    const { kid, privateKey } = key;
    for (const config of [
      await discover(id, openid.PrivateKeyJwt({ kid, key: privateKey })),
      await discover(id, openid.PrivateKeyJwt(privateKey)),
    ]) {
      const tokens = await openid.clientCredentialsGrant(config, { scope: 'todos:read' });
      expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 900 });
      expect(await openid.tokenIntrospection(config, tokens.access_token)).toMatchObject({ active: true, client_id: id });
      await openid.tokenRevocation(config, tokens.access_token);
      expect(await openid.tokenIntrospection(config, tokens.access_token)).toEqual({ active: false });
    }
  });

  it('is told of a wrong key', async () => {
    const { id } = await register();
    const config = await discover(id, openid.PrivateKeyJwt((await clientKey()).privateKey));
    await expect(openid.clientCredentialsGrant(config)).rejects.toMatchObject({ error: 'invalid_client', status: 401 });
  });
});

describe('Signed introspection answers', () => {
  it.each(['RS256', 'ES256'] as const)('%s: are asked for, understood and verified by openid-client', async (introspectionAlgorithm) => {
    const machine = await register();
    const { access_token: token } = await openid.clientCredentialsGrant(
      await discover(machine.id, openid.PrivateKeyJwt(machine.key.privateKey)),
    );
    const api = await register(resourceServer().withSettings({ introspectionAlgorithm }));
    const config = await discover(api.id, openid.PrivateKeyJwt(api.key.privateKey), {
      introspection_signed_response_alg: introspectionAlgorithm,
    });
    openid.enableNonRepudiationChecks(config);
    expect(await openid.tokenIntrospection(config, token)).toMatchObject({ active: true, client_id: machine.id });
    expect(await openid.tokenIntrospection(config, 'unknown')).toEqual({ active: false });
  });

  it('are asked for, understood and verified by oauth4webapi', async () => {
    const api = await register(resourceServer());
    const issuer = new URL(service.issuer);
    const insecure = { [oauth.allowInsecureRequests]: true };
    const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
    const client = { client_id: api.id };
    const response = await oauth.introspectionRequest(as, client, oauth.PrivateKeyJwt(api.key.privateKey), 'unknown', {
      requestJwtResponse: true,
      ...insecure,
    });
    expect(response.headers.get('content-type')).toBe('application/token-introspection+jwt');
    expect(await oauth.processIntrospectionResponse(as, client, response)).toEqual({ active: false });
    await oauth.validateApplicationLevelSignature(as, response, insecure);
  });
});
