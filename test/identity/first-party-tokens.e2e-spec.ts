import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { Users } from '../../src/identity/users.js';
import { confidentialClient } from '../support/clients.js';
import { DatabaseRows } from '../support/database-rows.js';
import { ProtocolClient } from '../support/protocol-client.js';
import { connectedApp, machineToken } from './support/another-app.js';
import { ACCESS_SECONDS, createIdentityApp, type Answer, type IdentityApp } from './support/identity-app.js';

const LEEWAY = 30;
const REFRESH_SECONDS = 3600;
const CHAIN_SECONDS = 5400;
const LIFETIMES = { leeway: LEEWAY, refreshTokenLifetime: REFRESH_SECONDS, chainLifetime: CHAIN_SECONDS };

interface Pair {
  readonly accessToken: string;
  readonly refreshToken: string;
}

const problem = ({ status, body }: Answer): [number, string | undefined] => [status, body?.type?.replace('urn:countersign:problem:', '')];
const asUser = (api: IdentityApp) => new ProtocolClient(api.service.url, { id: 'first-party', secret: undefined });

describe.each([
  ['JWT access tokens, reference refresh tokens', { referenceAccessTokens: false, referenceRefreshTokens: true }],
  ['reference access tokens, self-contained refresh tokens', { referenceAccessTokens: true, referenceRefreshTokens: false }],
])('%s', (_, formats) => {
  let api: IdentityApp;
  let rows: DatabaseRows;
  beforeAll(async () => {
    api = await createIdentityApp({ issuance: { ...formats, ...LIFETIMES } });
    rows = await DatabaseRows.open(api.database.url);
  });
  afterAll(async () => {
    await rows.close();
    await api.close();
  });

  const refresh = (pair: Partial<Pair>, app = api) => app.post('refresh', pair);
  const me = async (token: string) => (await api.me(token)).status;

  /** Refuses the pair by this problem, changes nothing, and the refresh token by itself works after it. */
  async function refuses(pair: Pair, expected: [number, string], app = api): Promise<void> {
    await rows.forgetFailures();
    const before = await rows.all();
    expect(problem(await refresh(pair, app))).toEqual(expected);
    await rows.forgetFailures();
    expect(await rows.all()).toEqual(before);
    expect((await refresh({ refreshToken: pair.refreshToken }, app)).status).toBe(200);
  }

  describe('the formats', () => {
    it('are those asked for, with lifetimes of the options', async () => {
      const { accessToken, refreshToken, expiresIn, refreshTokenExpiresIn } = await api.register();
      expect(accessToken).toMatch(formats.referenceAccessTokens ? /^cs_at_/ : /^ey[\w-]+\.[\w-]+\.[\w-]+$/);
      expect(refreshToken).toMatch(formats.referenceRefreshTokens ? /^cs_rt_/ : /^ey[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/);
      expect([expiresIn, refreshTokenExpiresIn]).toEqual([ACCESS_SECONDS, REFRESH_SECONDS]);
    });
  });

  describe('POST /auth/refresh with the access token', () => {
    it('takes one that still lives and one that has expired, link by link', async () => {
      let pair: Pair = await api.register();
      for (const age of [0, ACCESS_SECONDS - 1, ACCESS_SECONDS, 2 * ACCESS_SECONDS]) {
        api.clock.advance(age);
        const answer = await refresh({ accessToken: pair.accessToken, refreshToken: pair.refreshToken });
        expect([age, answer.status]).toEqual([age, 200]);
        expect(await me(answer.body.accessToken)).toBe(200);
        pair = answer.body;
      }
    });

    it('takes it in a retry within the leeway as well', async () => {
      const { accessToken, refreshToken } = await api.register();
      const first = await refresh({ accessToken, refreshToken });
      expect((await refresh({ accessToken, refreshToken })).body.refreshToken).toBe(first.body.refreshToken);
    });

    it('refuses that of an earlier and of a later link', async () => {
      const first: Pair = await api.register();
      const second: Pair = (await refresh({ refreshToken: first.refreshToken })).body;
      await refuses({ ...second, accessToken: first.accessToken }, [400, 'tokens-do-not-match']);
      const other: Pair = await api.register();
      const later: Pair = (await refresh({ refreshToken: other.refreshToken })).body;
      // Within the leeway the earlier refresh token would still be answered.
      await refuses({ ...other, accessToken: later.accessToken }, [400, 'tokens-do-not-match']);
    });

    it('refuses that of another session of the person, and of another person', async () => {
      const mine = await api.register();
      const other: Pair = (await api.post('login', { email: mine.email, password: mine.password })).body;
      await refuses({ accessToken: other.accessToken, refreshToken: mine.refreshToken }, [400, 'tokens-do-not-match']);
      const { accessToken } = await api.register();
      await refuses({ accessToken, refreshToken: other.refreshToken }, [400, 'tokens-do-not-match']);
    });

    it("refuses other clients' access tokens, the person's own included", async () => {
      const mine = await api.register();
      const connected = await connectedApp(api.service, mine.id);
      await refuses({ ...mine, accessToken: connected.accessToken }, [401, 'access-token-invalid']);
      const again: Pair = (await api.post('login', { email: mine.email, password: mine.password })).body;
      await refuses({ ...again, accessToken: await machineToken(api.service) }, [401, 'access-token-invalid']);
    });

    it('refuses what is no access token of ours', async () => {
      const mine = await api.register();
      const forged = [mine.refreshToken, 'x', 'eyJhbGciOiJub25lIn0.e30.', `cs_at_${'A'.repeat(80)}`, alteredEnd(mine.accessToken)];
      for (const accessToken of forged) {
        const pair: Pair = (await api.post('login', { email: mine.email, password: mine.password })).body;
        await refuses({ ...pair, accessToken }, [401, 'access-token-invalid']);
      }
    });

    it('is refused by 409 while it lives when the option says so, and costs nothing', async () => {
      const strict = await createIdentityApp({ sharing: api, issuance: { ...formats, ...LIFETIMES }, options: { refreshOnlyWhenExpired: true } });
      const { accessToken, refreshToken } = await strict.register();
      api.clock.advance(ACCESS_SECONDS - 1);
      const before = await rows.all();
      expect(problem(await refresh({ accessToken, refreshToken }, strict))).toEqual([409, 'access-token-still-valid']);
      expect((await rows.all()).filter(([table]) => table !== 'attempt_failure')).toEqual(before.filter(([table]) => table !== 'attempt_failure'));
      api.clock.advance(1);
      expect((await refresh({ accessToken, refreshToken }, strict)).status).toBe(200);
      const { refreshToken: alone } = await strict.register();
      expect((await refresh({ refreshToken: alone }, strict)).status).toBe(200);
      await strict.close();
    });
  });
});
