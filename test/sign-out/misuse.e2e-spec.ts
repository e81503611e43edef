import { BackchannelLogout } from '../../src/issuance/logout/backchannel-logout.js';
import { IdTokenHints } from '../../src/issuance/tokens/id-token-hints.js';
import { SessionStore } from '../../src/storage/session.store.js';
import { ValidationModule } from '../../src/validation/validation.module.js';
import { ASSERTION_TYPE } from '../../src/issuance/clients/client-assertion.js';
import { confidentialClient, resourceServer } from '../support/clients.js';
import type { CodeFlow } from '../support/code-flow.js';
import { DatabaseRows } from '../support/database-rows.js';
import { ProtocolClient } from '../support/protocol-client.js';
import { startReachableService } from '../support/reachable-service.js';
import type { TestService } from '../support/service-app.js';
import { startApi, type RunningApi } from '../validation/support/hosts.js';
import { openApp, signInTo, signOutClient, type SignedInApp } from './support/app.js';
import { RelyingParty, validateLogoutToken } from './support/relying-party.js';
import { sessionOf, signedInBrowser, type SignedInBrowser } from './support/signed-in-browser.js';
import { GuardedController } from './support/guarded.controller.js';

/* Every JWT is signed by the same keys: what keeps one from passing for another is its type (RFC 8725 §3.11), and what it says. */
let service: TestService;
let rows: DatabaseRows;
let party: RelyingParty;
let app: CodeFlow;
let person: SignedInBrowser;
let signedIn: SignedInApp;
let logoutToken: string;
let api: RunningApi;

beforeAll(async () => {
  service = await startReachableService();
  rows = await DatabaseRows.open(service.database.url);
  party = await RelyingParty.start();
  // ES256 as access tokens have it, so that there is one obstacle less.
  app = await openApp(service, signOutClient().with({ backchannelLogoutUri: party.uri }).withSettings({ idTokenAlgorithm: 'ES256' }));
  const before = await signedInBrowser(service);
  await signInTo(app, before);
  await service.get(SessionStore).end(before.session.subject, before.session.sid, service.clock.now());
  service.get(BackchannelLogout).kick();
  await party.until(1);
  logoutToken = party.token;
  await service.get(BackchannelLogout).settled();
  person = await signedInBrowser(service);
  signedIn = await signInTo(app, person, ['openid', 'email']);
  api = await startApi(
    'Fastify',
    {
      imports: [ValidationModule.forRoot({ issuer: service.issuer, audience: [app.client.id, 'https://api.example'], check: 'signature' })],
      controllers: [GuardedController],
    },
    service.clock,
  );
});
afterAll(async () => {
  await api.close();
  await party.close();
  await rows.close();
  await service.close();
});

const keys = async () => (await new ProtocolClient(service.url).json('GET', '/.well-known/jwks.json')).body;
const TOKENS = [
  ['logout token', () => logoutToken],
  ['id token', () => signedIn.idToken],
] as const;

describe.each(TOKENS)('A %s', (name, token) => {
  it('opens no API: not by signature, not by introspection, not our own', async () => {
    expect((await api.get('/guarded', signedIn.accessToken)).status).toBe(200);
    expect((await api.get('/guarded', token())).status).toBe(401);
    const guard = new ProtocolClient(service.url, await resourceServer().register(service));
    expect((await guard.introspect(token())).body).toEqual({ active: false });
    expect((await new ProtocolClient(service.url).json('GET', '/auth/me', undefined, token())).status).toBe(401);
    const userinfo = (bearer: string) => new ProtocolClient(service.url).json('GET', '/connect/userinfo', undefined, bearer);
    expect((await userinfo(signedIn.accessToken)).status).toBe(200);
    expect((await userinfo(token())).status).toBe(401);
  });

  it('authenticates no client, not even one whose key set is ours', async () => {
    const claims = confidentialClient().with({ authenticationMethod: 'private_key_jwt', jwks: await keys() });
    const client = await claims.register(service);
    for (const id of [client.id, app.client.id, person.userId]) {
      const form = { grant_type: 'client_credentials', client_id: id, client_assertion_type: ASSERTION_TYPE, client_assertion: token() };
      expect((await new ProtocolClient(service.url).form('/connect/token', form)).body).toMatchObject({ error: 'invalid_client' });
    }
  });

  it('is no grant, and revoking it ends nothing', async () => {
    const before = await rows.all();
    expect((await app.api.refresh(token())).body).toMatchObject({ error: 'invalid_grant' });
    const code = {
      grant_type: 'authorization_code',
      code: token(),
      code_verifier: 'x'.repeat(43),
      redirect_uri: 'https://app.example/callback',
    };
    expect((await app.api.token(code)).body).toMatchObject({ error: 'invalid_grant' });
    expect((await app.api.revoke(token())).status).toBe(200);
    expect(await rows.all()).toEqual(before);
    expect(name === 'id token').toBe((await service.get(IdTokenHints).read(token())) !== undefined);
  });
});

describe('A logout token as id_token_hint', () => {
  it('signs nobody out', async () => {
    const query = new URLSearchParams({ id_token_hint: logoutToken, client_id: app.client.id }).toString();
    const page = await person.browser.get(`/connect/logout?${query}`);
    expect([page.status, page.html]).toEqual([400, expect.stringContaining('data-message="error"')]);
    expect(await sessionOf(service, person.browser)).toBeDefined();
  });
});

describe('No other token of ours is a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6)', () => {
  it.each<[string, () => string]>([
    ['an id token', () => signedIn.idToken],
    ['an access token', () => signedIn.accessToken],
  ])('%s', async (_, token) => {
    const expected = { keys: await keys(), issuer: service.issuer, client: app.client.id, now: service.clock.now() };
    await expect(validateLogoutToken(logoutToken, expected)).resolves.toMatchObject({ aud: app.client.id });
    await expect(validateLogoutToken(token(), expected)).rejects.toThrow('typ');
  });

  it('nor is one for another app', async () => {
    const other = await openApp(service);
    const expected = { keys: await keys(), issuer: service.issuer, client: other.client.id, now: service.clock.now() };
    await expect(validateLogoutToken(logoutToken, expected)).rejects.toThrow('aud');
  });
});
