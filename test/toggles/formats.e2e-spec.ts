import type { IssuanceOptions } from '../../src/issuance/issuance.options.js';
import { confidentialClient, publicClient, resourceServer, type TestClient } from '../support/clients.js';
import { ProtocolClient, signUp } from '../support/protocol-client.js';
import { startReachableService } from '../support/reachable-service.js';
import { startService, type TestService } from '../support/service-app.js';
import { changeSettings } from './support/change-settings.js';
import { startGuardedApis, statuses, type GuardedApis } from './support/guarded-apis.js';
import { SIGN_IN, SignInGrant } from './support/sign-in.grant.js';

type Formats = Required<Pick<IssuanceOptions, 'referenceAccessTokens' | 'referenceRefreshTokens'>>;

const BEFORE: [name: string, formats: Formats][] = [
  ['JWT, reference', { referenceAccessTokens: false, referenceRefreshTokens: true }],
  ['reference, self-contained', { referenceAccessTokens: true, referenceRefreshTokens: false }],
  ['JWT, self-contained', { referenceAccessTokens: false, referenceRefreshTokens: false }],
  ['reference, reference', { referenceAccessTokens: true, referenceRefreshTokens: true }],
];
const opposite = ({ referenceAccessTokens, referenceRefreshTokens }: Formats): Formats => ({
  referenceAccessTokens: !referenceAccessTokens,
  referenceRefreshTokens: !referenceRefreshTokens,
});
const accessForm = ({ referenceAccessTokens }: Formats): RegExp => (referenceAccessTokens ? /^cs_at_/ : /^eyJ[^.]*(\.[^.]+){2}$/);
const refreshForm = ({ referenceRefreshTokens }: Formats): RegExp => (referenceRefreshTokens ? /^cs_rt_/ : /^eyJ[^.]*\.(\.[^.]+){3}$/);
/** In `signature` reference tokens are refused (issue 2): there is nothing to verify. */
const accepted = ({ referenceAccessTokens }: Formats) => ({ signature: referenceAccessTokens ? 401 : 200, entry: 200, introspection: 200 });
const ended = ({ referenceAccessTokens }: Formats) => ({ signature: referenceAccessTokens ? 401 : 200, entry: 401, introspection: 401 });

/** Two instances on one database, the second with the opposite formats; guards that know only the second. */
describe.each(BEFORE)('Tokens issued as %s, after the service was toggled to the opposite', (_, formats) => {
  const toggled = opposite(formats);
  let before: TestService;
  let after: TestService;
  let apis: GuardedApis;
  let machine: TestClient;
  let api: ProtocolClient;
  const app = (at: TestService) => new ProtocolClient(at.url, { id: 'first-party', secret: undefined });

  beforeAll(async () => {
    before = await startReachableService({ issuance: formats });
    after = await startService({ beside: before, issuance: { issuer: before.issuer, ...toggled } });
    apis = await startGuardedApis(before, after);
    machine = await confidentialClient().register(before);
    api = new ProtocolClient(after.url, await resourceServer().register(before));
  });
  afterAll(async () => {
    await apis.close();
    await after.close();
    await before.close();
  });

  it('machine tokens are accepted by guards and introspection, and revoked', async () => {
    const { body } = await new ProtocolClient(before.url, machine).token({ grant_type: 'client_credentials' });
    expect(body.access_token).toMatch(accessForm(formats));
    expect(await statuses(apis, body.access_token)).toEqual(accepted(formats));
    expect((await api.introspect(body.access_token)).body).toMatchObject({ active: true, client_id: machine.id, token_type: 'Bearer' });
    expect((await new ProtocolClient(after.url, machine).revoke(body.access_token)).status).toBe(200);
    expect((await api.introspect(body.access_token)).body).toEqual({ active: false });
    expect(await statuses(apis, body.access_token)).toEqual(ended(formats));
  });

  it("a person's pair is accepted and refreshed; what comes out has the new formats and is good everywhere too", async () => {
    const person = await signUp(before.url);
    expect([person.accessToken, person.refreshToken]).toEqual([
      expect.stringMatching(accessForm(formats)),
      expect.stringMatching(refreshForm(formats)),
    ]);
    expect(await statuses(apis, person.accessToken)).toEqual(accepted(formats));
    expect((await api.json('GET', '/auth/me', undefined, person.accessToken)).body).toMatchObject({ id: person.userId });

    const fresh = await app(after).refresh(person.refreshToken);
    expect(fresh.body).toMatchObject({
      access_token: expect.stringMatching(accessForm(toggled)),
      refresh_token: expect.stringMatching(refreshForm(toggled)),
    });
    expect(await statuses(apis, fresh.body.access_token)).toEqual(accepted(toggled));
    // The old one lives on until it expires.
    expect(await statuses(apis, person.accessToken)).toEqual(accepted(formats));

    // And back: the instance that was not toggled yet takes the new ones.
    const back = await app(before).refresh(fresh.body.refresh_token);
    expect(back.body).toMatchObject({
      access_token: expect.stringMatching(accessForm(formats)),
      refresh_token: expect.stringMatching(refreshForm(formats)),
    });
    expect(await statuses(apis, back.body.access_token)).toEqual(accepted(formats));
  });

  it('a retry gets what the winner got, though the instance that answers it writes other formats', async () => {
    const person = await signUp(before.url);
    const won = await app(before).refresh(person.refreshToken);
    const retried = await app(after).refresh(person.refreshToken);
    expect(retried.body.refresh_token).toBe(won.body.refresh_token);
    expect(retried.body.access_token).toMatch(accessForm(formats));
    const ids = await Promise.all([won, retried].map(async ({ body }) => (await api.introspect(body.access_token)).body));
    expect(ids[0]).toMatchObject({ active: true });
    expect(ids[1]).toEqual(ids[0]);
  });

  it('the sign-in API refreshes the pair and logs out by it', async () => {
    const person = await signUp(before.url);
    const at = new ProtocolClient(after.url);
    const pair = await at.json('POST', '/auth/refresh', { refreshToken: person.refreshToken, accessToken: person.accessToken });
    expect(pair.status).toBe(200);
    expect(pair.body.accessToken).toMatch(accessForm(toggled));
    // The old refresh token is of the chain still: logging out by it ends everything.
    expect((await at.json('POST', '/auth/logout', { refreshToken: person.refreshToken })).status).toBe(204);
    for (const token of [person.accessToken, pair.body.accessToken]) expect((await api.introspect(token)).body).toEqual({ active: false });
  });

  it('revoking an old refresh token takes the family along, tokens of the new formats included', async () => {
    const person = await signUp(before.url);
    const fresh = await app(after).refresh(person.refreshToken);
    expect((await app(after).revoke(person.refreshToken)).status).toBe(200);
    expect(await statuses(apis, person.accessToken)).toEqual(ended(formats));
    expect(await statuses(apis, fresh.body.access_token)).toEqual(ended(toggled));
    expect((await app(before).refresh(fresh.body.refresh_token)).body.error).toBe('invalid_grant');
  });

  it('reuse after the leeway is found out across the toggle', async () => {
    const person = await signUp(before.url);
    const fresh = await app(after).refresh(person.refreshToken);
    before.clock.advance(31);
    expect((await app(after).refresh(person.refreshToken)).body.error).toBe('invalid_grant');
    expect((await api.introspect(fresh.body.access_token)).body).toEqual({ active: false });
  });
});

describe("After the client's own settings were changed to the opposite", () => {
  let service: TestService;
  let apis: GuardedApis;
  let api: ProtocolClient;

  beforeAll(async () => {
    service = await startReachableService({ issuance: { grants: [SignInGrant] } });
    apis = await startGuardedApis(service, service);
    api = new ProtocolClient(service.url, await resourceServer().register(service));
  });
  afterAll(async () => {
    await apis.close();
    await service.close();
  });

  const types = ['confidential', 'public'] as const;
  const cases = BEFORE.flatMap(([name, formats]) => types.map((type) => [name, type, formats] as const));
  it.each(cases)('tokens issued as %s to a %s client keep working', async (_, type, formats) => {
    const toggled = opposite(formats);
    const grantTypes = [SIGN_IN, 'refresh_token', 'client_credentials'];
    const builder = (type === 'public' ? publicClient() : confidentialClient()).withPermissions({ grantTypes });
    const registered = await builder.withSettings({ ...formats, rotation: true }).register(service);
    const client = new ProtocolClient(service.url, registered);
    const old = (await client.token({ grant_type: SIGN_IN, subject: 'somebody' })).body;
    expect([old.access_token, old.refresh_token]).toEqual([
      expect.stringMatching(accessForm(formats)),
      expect.stringMatching(refreshForm(formats)),
    ]);

    await changeSettings(service, registered.id, { ...toggled, rotation: true });
    expect(await statuses(apis, old.access_token)).toEqual(accepted(formats));
    expect((await api.introspect(old.access_token)).body).toMatchObject({ active: true, sub: 'somebody', roles: ['editor'] });
    const fresh = (await client.refresh(old.refresh_token)).body;
    expect([fresh.access_token, fresh.refresh_token]).toEqual([
      expect.stringMatching(accessForm(toggled)),
      expect.stringMatching(refreshForm(toggled)),
    ]);
    expect(await statuses(apis, fresh.access_token)).toEqual(accepted(toggled));
    // Each kind by itself: an access token alone, then the family by the old refresh token.
    await client.revoke(old.access_token);
    expect(await statuses(apis, old.access_token)).toEqual(ended(formats));
    expect((await api.introspect(fresh.access_token)).body.active).toBe(true);
    await client.revoke(old.refresh_token);
    expect(await statuses(apis, fresh.access_token)).toEqual(ended(toggled));
    expect((await client.refresh(fresh.refresh_token)).body.error).toBe('invalid_grant');
  });
});
