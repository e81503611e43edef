import { setTimeout as sleep } from 'node:timers/promises';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { deviceClient, messageOf, signedIn } from '../device/support/device-flow.js';
import { AssertingClient, clientKey } from '../support/assertions.js';
import { person } from '../support/code-flow.js';
import { onServer } from '../support/on-server.js';
import { startReachableService } from '../support/reachable-service.js';
import type { TestService } from '../support/service-app.js';

/* openid-client 6 and oauth4webapi as they come: nothing is handed to them but the issuer, the client and permission to use plain http on loopback. */
let service: TestService;
beforeAll(async () => {
  service = await startReachableService({ issuance: { deviceInterval: 1 } });
  await deviceClient().register(service); // makes the scope, before it is first looked for
});
afterAll(() => service.close());

const discover = (id: string, authentication: openid.ClientAuth): Promise<openid.Configuration> =>
  openid.discovery(new URL(service.issuer), id, undefined, authentication, {
    execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
  });

const METHODS: [name: string, configure: () => Promise<openid.Configuration>][] = [
  ['none', async () => discover((await deviceClient().register(service)).id, openid.None())],
  [
    'client_secret_basic',
    async () => {
      const { id, secret = '' } = await deviceClient('confidential').register(service);
      return discover(id, openid.ClientSecretBasic(secret));
    },
  ],
  [
    'private_key_jwt',
    async () => {
      const key = await clientKey();
      const { id } = await AssertingClient.register(deviceClient('confidential'), service, { key });
      return discover(id, openid.PrivateKeyJwt(key.privateKey));
    },
  ],
];

/** Until the device of this client has asked for the first time whether there is an answer. */
async function untilPolled(client: string): Promise<void> {
  await onServer(service.database.url, async (database) => {
    const asked = 'select from device_request where client = $1 and polled_at is not null';
    for (const until = performance.now() + 10_000; performance.now() < until; await sleep(20)) {
      if ((await database.query(asked, [client])).rowCount) return;
    }
    throw new Error('the device does not poll');
  });
}

describe.each(METHODS)('openid-client on a device, %s', (_, configure) => {
  it('shows a code, polls, and gets validated tokens once its person has said yes', async () => {
    const config = await configure();
    expect(config.serverMetadata().device_authorization_endpoint).toBe(`${service.issuer}/connect/device`);
    const asked = await openid.initiateDeviceAuthorization(config, { scope: 'openid offline_access todos:read' });
    expect(asked).toMatchObject({ verification_uri: `${service.issuer}/activate`, expires_in: 600, interval: 1 });
    const polling = openid.pollDeviceAuthorizationGrant(config, asked);
    await untilPolled(config.clientMetadata().client_id);
    service.clock.advance(1); // the library waits by its own clock
    const ada = await person(service);
    const browser = await signedIn(service, ada);
    const page = await browser.get(asked.verification_uri_complete ?? '');
    expect(messageOf(await browser.submit(page, { decision: 'allow' }))).toBe('activated');
    const tokens = await polling;
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 900, scope: 'openid offline_access todos:read' });
    expect(tokens.claims()).toMatchObject({ sub: ada.id, amr: ['pwd'] });
    expect(await openid.fetchUserInfo(config, tokens.access_token, ada.id)).toEqual({ sub: ada.id });
    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect(refreshed.claims()).toMatchObject({ sub: ada.id });
  });
});

it('openid-client understands a no', async () => {
  const config = await discover((await deviceClient().register(service)).id, openid.None());
  const asked = await openid.initiateDeviceAuthorization(config, { scope: 'todos:read' });
  await (await signedIn(service)).answer(asked.user_code, 'deny');
  await expect(openid.pollDeviceAuthorizationGrant(config, asked)).rejects.toMatchObject({ error: 'access_denied', status: 400 });
});

it('oauth4webapi, step by step: pending, too soon, and tokens', async () => {
  const client: oauth.Client = { client_id: (await deviceClient().register(service)).id };
  const insecure = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(service.issuer);
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }));
  const response = await oauth.deviceAuthorizationRequest(as, client, oauth.None(), { scope: 'openid' }, insecure);
  const { device_code: code, user_code: userCode } = await oauth.processDeviceAuthorizationResponse(as, client, response);
  const poll = async () =>
    oauth.processDeviceCodeResponse(as, client, await oauth.deviceCodeGrantRequest(as, client, oauth.None(), code, insecure));
  await expect(poll()).rejects.toMatchObject({ error: 'authorization_pending', status: 400 });
  await expect(poll()).rejects.toMatchObject({ error: 'slow_down', status: 400 });
  const ada = await person(service);
  await (await signedIn(service, ada)).answer(userCode);
  expect(oauth.getValidatedIdTokenClaims(await poll())).toMatchObject({ sub: ada.id, aud: client.client_id });
  await expect(poll()).rejects.toMatchObject({ error: 'invalid_grant', status: 400 });
});
