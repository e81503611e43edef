import { Users } from '../../src/identity/users.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { UserStore } from '../../src/storage/user.store.js';
import { confidentialClient, resourceServer, type TestClient } from '../support/clients.js';
import { seeChanges } from '../support/configuration.js';
import { DatabaseRows } from '../support/database-rows.js';
import { ProtocolClient, signUp } from '../support/protocol-client.js';
import { startReachableService } from '../support/reachable-service.js';
import { startService, type TestService, type TestServiceOptions } from '../support/service-app.js';
import { startGuardedApis, statuses, type GuardedApis } from './support/guarded-apis.js';

let service: TestService;
let rows: DatabaseRows;
let apis: GuardedApis;
let machine: TestClient;
let web: ProtocolClient;

beforeAll(async () => {
  service = await startReachableService({ issuance: { tokenStorage: false } });
  rows = await DatabaseRows.open(service.database.url);
  apis = await startGuardedApis(service, service);
  machine = await confidentialClient()
    .withScopes('todos:read')
    .withSettings({ referenceAccessTokens: true, referenceRefreshTokens: true })
    .register(service);
  web = new ProtocolClient(service.url);
});
afterAll(async () => {
  await apis.close();
  await rows.close();
  await service.close();
});

const JWT = /^eyJ[^.]*(\.[^.]+){2}$/;
const JWE = /^eyJ[^.]*\.(\.[^.]+){3}$/;
const app = () => new ProtocolClient(service.url, { id: 'first-party', secret: undefined });
const login = ({ email, password }: { email: string; password: string }) => web.json('POST', '/auth/login', { email, password });

describe('Without token storage', () => {
  it('client credentials, register, login, refresh and me work, and nothing is written', async () => {
    const before = { grants: await rows.count('authorizations'), sessions: await rows.count('sign_in_session') };
    const machineTokens = await new ProtocolClient(service.url, machine).token({ grant_type: 'client_credentials', scope: 'todos:read' });
    expect(machineTokens.status).toBe(200);
    // What the client's own settings ask for cannot be had, so it is not.
    expect(machineTokens.body.access_token).toMatch(JWT);
    expect((await statuses(apis, machineTokens.body.access_token)).signature).toBe(200);

    const person = await signUp(service.url);
    expect([person.accessToken, person.refreshToken]).toEqual([expect.stringMatching(JWT), expect.stringMatching(JWE)]);
    const session = (await login(person)).body;
    expect((await web.json('GET', '/auth/me', undefined, session.accessToken)).body).toMatchObject({ email: person.email });

    const pair = await web.json('POST', '/auth/refresh', { refreshToken: session.refreshToken, accessToken: session.accessToken });
    expect(pair.status).toBe(200);
    expect((await web.json('GET', '/auth/me', undefined, pair.body.accessToken)).status).toBe(200);
    const refreshed = await app().refresh(pair.body.refreshToken);
    expect(refreshed.body).toMatchObject({ access_token: expect.stringMatching(JWT), refresh_token: expect.stringMatching(JWE) });
    expect((await statuses(apis, refreshed.body.access_token)).signature).toBe(200);

    expect(await rows.count('token_entry')).toBe(0);
    expect(await rows.endings()).toBe(0);
    // Those that were made with the clients.
    expect(await rows.count('authorizations')).toBe(before.grants);
    expect(await rows.count('sign_in_session')).toBe(before.sessions);
  });

  it('the rest answers 404 and is not in the metadata', async () => {
    const { accessToken, refreshToken } = await signUp(service.url);
    const client = new ProtocolClient(service.url, machine);
    for (const answer of [await client.introspect(accessToken), await client.revoke(refreshToken)]) {
      expect([answer.status, answer.body.error, answer.headers.get('cache-control')]).toEqual([404, 'invalid_request', 'no-store']);
    }
    const body = { currentPassword: 'x', newPassword: 'y' };
    const gone = [
      await web.json('POST', '/auth/logout', { refreshToken }, accessToken),
      await web.json('POST', '/auth/change-password', body, accessToken),
      await web.json('GET', '/auth/sessions', undefined, accessToken),
      await web.json('DELETE', '/auth/sessions', undefined, accessToken),
      await web.json('DELETE', '/auth/sessions/018f0000-0000-7000-8000-000000000001', undefined, accessToken),
    ];
    expect(gone.map((answer) => answer.status)).toEqual([404, 404, 404, 404, 404]);
    for (const path of ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']) {
      const metadata = (await web.json('GET', path)).body;
      expect(metadata).toMatchObject({
        token_endpoint: `${service.issuer}/connect/token`,
        grant_types_supported: ['client_credentials', 'refresh_token'],
      });
      expect(Object.keys(metadata).filter((name) => /introspection|revocation/.test(name))).toEqual([]);
    }
  });

  it('guards that check entries refuse what has none', async () => {
    const { accessToken } = await signUp(service.url);
    // Introspection cannot be asked: 503, never a silent pass.
    expect(await statuses(apis, accessToken)).toEqual({ signature: 200, entry: 401, introspection: 503 });
  });
});

describe('Without token storage a refresh token is refused', () => {
  const refused = async (refreshToken: string): Promise<void> => {
    const own = await web.json('POST', '/auth/refresh', { refreshToken });
    expect([own.status, own.body.type]).toEqual([401, expect.stringMatching(/refresh-token-(revoked|expired|not-found)$/)]);
    const answer = await app().refresh(refreshToken);
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant']);
  };

  it('of a disabled person', async () => {
    const { userId, refreshToken, email, password } = await signUp(service.url);
    await service.get(Users).disable(userId);
    await refused(refreshToken);
    expect((await login({ email, password })).status).toBe(401);
    // Enabled again, they may sign in again; what was proven before stays dead.
    await service.get(Users).enable(userId);
    await refused(refreshToken);
    expect((await login({ email, password })).status).toBe(200);
  });

  it('after the password was changed', async () => {
    const { userId, refreshToken } = await signUp(service.url);
    const user = await service.get(UserStore).find({ id: userId });
    const change = { id: userId, passwordHash: user?.passwordHash ?? '', credentialVersion: user?.credentialVersion ?? 0 };
    await service.get(UserStore).changePassword({ ...change, end: 'none', connectedApps: false }, service.clock.now());
    await refused(refreshToken);
  });

  it('of another client, altered, or of the time with storage', async () => {
    const { refreshToken } = await signUp(service.url);
    const other = await new ProtocolClient(service.url, machine).refresh(refreshToken);
    expect([other.status, other.body.error]).toEqual([400, 'invalid_grant']);
    await refused(`${refreshToken.slice(0, -4)}AAAA`);
    for (const referenceRefreshTokens of [true, false]) {
      const stored = await startService({ beside: service, issuance: { issuer: service.issuer, referenceRefreshTokens } });
      const before = await signUp(stored.url);
      await stored.close();
      // Whether it was revoked meanwhile cannot be told.
      await refused(before.refreshToken);
      // The access token of that time stands for itself until it expires.
      expect((await web.json('GET', '/auth/me', undefined, before.accessToken)).status).toBe(200);
    }
  });

  it('of a client that was disabled, at once; nor does anyone sign in under it', async () => {
    const person = await signUp(service.url);
    const store = service.get(ClientStore);
    await store.setEnabled('first-party', false, service.clock.now());
    const answers = [
      await web.json('POST', '/auth/refresh', { refreshToken: person.refreshToken }),
      await login(person),
      await app().refresh(person.refreshToken),
    ];
    await store.setEnabled('first-party', true, service.clock.now());
    await seeChanges(service);
    expect(answers.map((answer) => answer.status)).toEqual([401, 403, 401]); // of the token endpoint: invalid_client

    const once = await confidentialClient().register(service);
    const client = new ProtocolClient(service.url, once);
    expect((await client.token({ grant_type: 'client_credentials' })).status).toBe(200);
    await store.setEnabled(once.id, false, service.clock.now());
    const answer = await client.token({ grant_type: 'client_credentials' });
    expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
  });

  it('when it has expired', async () => {
    const { refreshToken } = await signUp(service.url);
    service.clock.advance(14 * 86_400);
    await refused(refreshToken);
  });
});

describe('Turning token storage on again', () => {
  it('does not bring back what was issued without', async () => {
    const { accessToken, refreshToken } = await signUp(service.url);
    const stored = await startService({ beside: service, issuance: { issuer: service.issuer } });
    const at = new ProtocolClient(stored.url);
    const refreshed = await at.json('POST', '/auth/refresh', { refreshToken });
    expect([refreshed.status, refreshed.body.type]).toEqual([401, 'urn:countersign:problem:refresh-token-not-found']);
    expect((await at.json('GET', '/auth/me', undefined, accessToken)).status).toBe(401);
    const api = new ProtocolClient(stored.url, await resourceServer().register(service));
    expect((await api.introspect(accessToken)).body).toEqual({ active: false });
    await stored.close();
  });
});

describe('Contradictions are refused at start, all of them at once, each with what to change', () => {
  const startFault = async (options: TestServiceOptions): Promise<string> => {
    try {
      const started = await startService({ beside: service, ...options });
      await started.close();
      return 'it started';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };

  it('what needs storage, without storage', async () => {
    const fault = await startFault({
      issuance: {
        tokenStorage: false,
        referenceAccessTokens: true,
        referenceRefreshTokens: true,
        endpoints: { introspection: true, revocation: true },
        accessTokenLifetime: 100_000,
        leeway: 301,
        issuer: 'http://auth.example',
      },
    });
    for (const named of [
      /referenceAccessTokens needs token storage: turn it off, or tokenStorage on/,
      /referenceRefreshTokens needs token storage: turn it off, or tokenStorage on/,
      /introspection endpoint needs token storage: turn it off, or tokenStorage on/,
      /revocation endpoint needs token storage: turn it off, or tokenStorage on/,
      /accessTokenLifetime must be a whole number from 1 to 86400/,
      /leeway must be a whole number from 0 to 300/,
      /issuer must use https/,
    ])
      expect(fault).toMatch(named);
  });

  it('what is left at its default switches off by itself', async () => {
    expect(await startFault({ issuance: { tokenStorage: false, endpoints: { introspection: false, revocation: false } } })).toBe(
      'it started',
    );
    expect(await startFault({ issuance: { tokenStorage: false, referenceAccessTokens: false, referenceRefreshTokens: false } })).toBe(
      'it started',
    );
  });
});

describe('Modules that disagree about token storage', () => {
  it('are refused at start', async () => {
    await expect(startService({ identity: { storage: false } })).rejects.toThrow(/storage/);
  });
});
