import { Users } from '../../src/identity/users.js';
import { DatabaseRows } from '../support/database-rows.js';
import { createIdentityApp, type Answer, type IdentityApp } from './support/identity-app.js';
import { machineToken } from './support/another-app.js';

const problem = ({ status, body }: Answer): unknown[] => [status, body?.type?.replace('urn:countersign:problem:', '')];

let api: IdentityApp;
beforeAll(async () => {
  api = await createIdentityApp({ issuance: { tokenStorage: false, refreshTokenLifetime: 3600, chainLifetime: 5400 } });
});
afterAll(() => api.close());

const refresh = (refreshToken: string, accessToken?: string) => api.post('refresh', { refreshToken, accessToken });

describe('without token storage', () => {
  it('register, login, refresh and me work, and no token is stored', async () => {
    const rows = await DatabaseRows.open(api.database.url);
    const person = await api.register();
    const login = (await api.post('login', { email: person.email, password: person.password })).body;
    const next = (await refresh(login.refreshToken)).body;
    for (const { accessToken } of [person, login, next]) expect((await api.me(accessToken)).body.email).toBe(person.email);
    expect(await rows.count('token_entry')).toBe(0);
    expect(await rows.count('sign_in_session')).toBe(0);
    await rows.close();
  });

  it('a refresh takes the access token of the same sign-in, expired or not, and no other', async () => {
    const mine = await api.register();
    const other = (await api.post('login', { email: mine.email, password: mine.password })).body;
    expect((await refresh(mine.refreshToken, mine.accessToken)).status).toBe(200);
    expect(problem(await refresh(mine.refreshToken, other.accessToken))).toEqual([400, 'tokens-do-not-match']);
    expect(problem(await refresh(mine.refreshToken, await machineToken(api.service)))).toEqual([401, 'access-token-invalid']);
    expect(problem(await refresh(mine.refreshToken, `cs_at_${'A'.repeat(80)}`))).toEqual([401, 'access-token-invalid']);
    expect(problem(await refresh(mine.refreshToken, mine.refreshToken))).toEqual([401, 'access-token-invalid']);
    api.clock.advance(1000);
    expect((await refresh(mine.refreshToken, mine.accessToken)).status).toBe(200);
  });

  it('refreshOnlyWhenExpired holds', async () => {
    const issuance = { tokenStorage: false };
    const strict = await createIdentityApp({ sharing: api, issuance, options: { refreshOnlyWhenExpired: true } });
    const { accessToken, refreshToken } = await strict.register();
    expect(problem(await strict.post('refresh', { refreshToken, accessToken }))).toEqual([409, 'access-token-still-valid']);
    api.clock.advance(900);
    expect((await strict.post('refresh', { refreshToken, accessToken })).status).toBe(200);
    await strict.close();
  });

  it('a refresh token expires by itself and with its sign-in, and cannot be forged', async () => {
    const idle = await api.register();
    const busy = await api.register();
    api.clock.advance(3599);
    const next = await refresh(busy.refreshToken);
    expect(next.body.refreshTokenExpiresIn).toBe(5400 - 3599);
    api.clock.advance(1);
    expect(problem(await refresh(idle.refreshToken))).toEqual([401, 'refresh-token-expired']);
    api.clock.advance(1800);
    expect(problem(await refresh(next.body.refreshToken))).toEqual([401, 'refresh-token-expired']);
    const { refreshToken, accessToken } = await api.register();
    const altered = refreshToken.slice(0, -4) + (refreshToken.endsWith('AAAA') ? 'BBBA' : 'AAAA');
    for (const token of [altered, accessToken, 'x', `cs_rt_${'A'.repeat(80)}`]) {
      expect(problem(await refresh(token))).toEqual([401, 'refresh-token-not-found']);
    }
  });

  it('an access token ends by time, and for the own routes with its account', async () => {
    const person = await api.register();
    await api.get(Users).disable(person.id);
    expect(problem(await api.me(person.accessToken))).toEqual([401, 'access-token-invalid']);
    expect(problem(await refresh(person.refreshToken))).toEqual([401, 'refresh-token-revoked']);
    const { accessToken } = await api.register();
    expect(problem(await api.me(await machineToken(api.service)))).toEqual([401, 'access-token-invalid']);
    api.clock.advance(900);
    expect(problem(await api.me(accessToken))).toEqual([401, 'access-token-invalid']);
  });
});
