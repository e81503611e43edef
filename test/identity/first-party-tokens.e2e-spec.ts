import { Users } from '../../src/identity/users.js';
import { TokenReader } from '../../src/issuance/tokens/token-reader.js';
import { DatabaseRows } from '../support/database-rows.js';
import { ProtocolClient } from '../support/protocol-client.js';
import { connectedApp, machineToken } from './support/another-app.js';
import { ACCESS_SECONDS, createIdentityApp, freshAddress, type Answer, type IdentityApp } from './support/identity-app.js';

const LEEWAY = 30;
const REFRESH_SECONDS = 3600;
const CHAIN_SECONDS = 5400;
const LIFETIMES = { leeway: LEEWAY, refreshTokenLifetime: REFRESH_SECONDS, chainLifetime: CHAIN_SECONDS };

interface Pair {
  readonly accessToken: string;
  readonly refreshToken: string;
}

const problem = ({ status, body }: Answer): unknown[] => [status, body?.type?.replace('urn:countersign:problem:', '')];

/** The same token with another last byte: well-formed, and nobody's. */
const altered = (token: string): string => token.slice(0, -4) + (token.endsWith('AAAA') ? 'BBBA' : 'AAAA');

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

  const refresh = ({ accessToken, refreshToken }: Partial<Pair>, app = api) => app.post('refresh', { accessToken, refreshToken });
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

  // Without it no route with @RequireAuthentication() would ever let them in.
  it('the tokens say when and how the person signed in, also after a refresh (RFC 9068 §2.2.1)', async () => {
    const claimsOf = async (token: string) => (await api.get(TokenReader).read(token))?.claims;
    const pair = await api.register();
    const signedIn = { auth_time: Math.floor(api.clock.now().getTime() / 1000), amr: ['pwd'] };
    expect(await claimsOf(pair.accessToken)).toMatchObject(signedIn);
    api.clock.advance(60);
    expect(await claimsOf((await refresh({ refreshToken: pair.refreshToken })).body.accessToken)).toMatchObject(signedIn);
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
      const forged = [mine.refreshToken, 'x', 'eyJhbGciOiJub25lIn0.e30.', `cs_at_${'A'.repeat(80)}`, altered(mine.accessToken)];
      for (const accessToken of forged) {
        const pair: Pair = (await api.post('login', { email: mine.email, password: mine.password })).body;
        await refuses({ ...pair, accessToken }, [401, 'access-token-invalid']);
      }
    });

    it('is refused by 409 while it lives when the option says so, and costs nothing', async () => {
      const strict = await createIdentityApp({
        sharing: api,
        issuance: { ...formats, ...LIFETIMES },
        options: { refreshOnlyWhenExpired: true },
      });
      const { accessToken, refreshToken } = await strict.register();
      api.clock.advance(ACCESS_SECONDS - 1);
      const before = await rows.all();
      expect(problem(await refresh({ accessToken, refreshToken }, strict))).toEqual([409, 'access-token-still-valid']);
      expect(await rows.all()).toEqual(before);
      api.clock.advance(1);
      expect((await refresh({ accessToken, refreshToken }, strict)).status).toBe(200);
      const { refreshToken: alone } = await strict.register();
      expect((await refresh({ refreshToken: alone }, strict)).status).toBe(200);
      await strict.close();
    });
  });

  describe('POST /auth/refresh with an access token that was revoked', () => {
    /** As an app does that believes it stolen: only this token, at /connect/revoke. */
    async function revokeAlone(accessToken: string): Promise<void> {
      const app = new ProtocolClient(api.service.url, { id: 'first-party', secret: undefined });
      expect((await app.revoke(accessToken)).status).toBe(200);
      expect(await me(accessToken)).toBe(401);
    }
    const pairOf = ({ accessToken, refreshToken }: Pair): Pair => ({ accessToken, refreshToken });

    it('refuses it, alive or expired, while the chain is alive', async () => {
      for (const age of [0, ACCESS_SECONDS]) {
        const pair = pairOf(await api.register());
        await revokeAlone(pair.accessToken);
        api.clock.advance(age);
        await refuses(pair, [401, 'access-token-invalid']);
      }
    });

    it('refuses it in a retry within the leeway too', async () => {
      const pair = pairOf(await api.register());
      const next: Pair = (await refresh(pair)).body;
      await revokeAlone(pair.accessToken);
      await refuses(pair, [401, 'access-token-invalid']);
      expect((await refresh(pairOf(next))).status).toBe(200);
    });

    it('refuses it as long as its entry is kept', async () => {
      const pair = pairOf(await api.register());
      await revokeAlone(pair.accessToken);
      api.clock.advance(ACCESS_SECONDS);
      await rows.client.query('delete from token_entry where type = 4');
      // What is left of a reference proves nothing; a JWT is its own proof.
      expect((await refresh(pair)).status).toBe(formats.referenceAccessTokens ? 401 : 200);
    });

    it('does not take it for one that still lives', async () => {
      const strict = await createIdentityApp({
        sharing: api,
        issuance: { ...formats, ...LIFETIMES },
        options: { refreshOnlyWhenExpired: true },
      });
      const pair = pairOf(await strict.register());
      await revokeAlone(pair.accessToken);
      await refuses(pair, [401, 'access-token-invalid'], strict);
      const signedOut = pairOf(await strict.register());
      await strict.post('logout', { refreshToken: signedOut.refreshToken });
      expect(problem(await refresh(signedOut, strict))).toEqual([401, 'refresh-token-revoked']);
      await strict.close();
    });

    it('refuses it where refresh tokens are not rotated', async () => {
      const fixed = await createIdentityApp({ sharing: api, issuance: { ...formats, ...LIFETIMES, rotation: 'never' } });
      const pair = pairOf(await fixed.register());
      const next: Pair = (await refresh(pair, fixed)).body;
      await revokeAlone(pair.accessToken);
      await refuses(pair, [401, 'access-token-invalid'], fixed);
      expect((await refresh(pairOf(next), fixed)).status).toBe(200);
      await fixed.close();
    });

    it('says what is wrong with the chain where that has ended', async () => {
      const ends: [end: (pair: Pair & { id: string }) => Promise<unknown>, expected: string][] = [
        [({ refreshToken }) => api.post('logout', { refreshToken }), 'refresh-token-revoked'],
        [({ id }) => api.get(Users).disable(id), 'refresh-token-revoked'],
        [() => Promise.resolve(api.clock.advance(REFRESH_SECONDS)), 'refresh-token-expired'],
      ];
      for (const [end, expected] of ends) {
        for (const alone of [false, true]) {
          const person = await api.register();
          if (alone) await revokeAlone(person.accessToken);
          await end(person);
          expect([alone, problem(await refresh(pairOf(person)))]).toEqual([alone, [401, expected]]);
        }
      }
    });

    it('ends the family all the same when the refresh token was used before', async () => {
      const pair = pairOf(await api.register());
      const next: Pair = (await refresh(pair)).body;
      await revokeAlone(pair.accessToken);
      api.clock.advance(LEEWAY);
      expect(problem(await refresh(pair))).toEqual([401, 'refresh-token-used']);
      expect(await me(next.accessToken)).toBe(401);
      expect(problem(await refresh(pairOf(next)))).toEqual([401, 'refresh-token-revoked']);
    });

    it('tells nothing to those whose refresh token is forged', async () => {
      const pair = pairOf(await api.register());
      await revokeAlone(pair.accessToken);
      expect(problem(await refresh({ ...pair, refreshToken: altered(pair.refreshToken) }))).toEqual([401, 'refresh-token-not-found']);
    });
  });

  describe('what can be wrong with a refresh token', () => {
    it('not known: forged, altered, of another kind, or of another client', async () => {
      const { refreshToken, accessToken, id } = await api.register();
      const foreign = await connectedApp(api.service, id);
      for (const token of ['x', `cs_rt_${'A'.repeat(80)}`, altered(refreshToken), accessToken, foreign.refreshToken]) {
        expect(problem(await refresh({ refreshToken: token }))).toEqual([401, 'refresh-token-not-found']);
      }
      // Nothing was revoked on the strength of them.
      expect((await refresh({ refreshToken })).status).toBe(200);
      const app = new ProtocolClient(api.service.url, { id: (await introspected(foreign.accessToken))?.client ?? '', secret: undefined });
      expect((await app.refresh(foreign.refreshToken)).status).toBe(200);
    });

    it('expired, by itself or with its chain', async () => {
      const idle = await api.register();
      api.clock.advance(REFRESH_SECONDS - 1);
      const used: Pair = (await refresh({ refreshToken: idle.refreshToken })).body;
      const unused = await api.register();
      api.clock.advance(REFRESH_SECONDS);
      expect(problem(await refresh({ refreshToken: unused.refreshToken }))).toEqual([401, 'refresh-token-expired']);
      // 7199 s after its sign-in; the second token was cut to the end of the chain, 5400 s.
      expect(problem(await refresh({ refreshToken: used.refreshToken }))).toEqual([401, 'refresh-token-expired']);
      expect(problem(await refresh({ refreshToken: idle.refreshToken }))).toEqual([401, 'refresh-token-expired']);
    });

    it('used: beyond the leeway, and then its whole family is revoked', async () => {
      const first = await api.register();
      const second: Pair = (await refresh({ refreshToken: first.refreshToken })).body;
      api.clock.advance(LEEWAY);
      expect(problem(await refresh({ refreshToken: first.refreshToken }))).toEqual([401, 'refresh-token-used']);
      expect(problem(await refresh({ refreshToken: first.refreshToken }))).toEqual([401, 'refresh-token-revoked']);
      expect(problem(await refresh({ refreshToken: second.refreshToken }))).toEqual([401, 'refresh-token-revoked']);
      expect([await me(first.accessToken), await me(second.accessToken)]).toEqual([401, 401]);
    });

    it('used: within the leeway, once its successor was used', async () => {
      const first = await api.register();
      const second: Pair = (await refresh({ refreshToken: first.refreshToken })).body;
      await refresh({ refreshToken: second.refreshToken });
      expect(problem(await refresh({ refreshToken: first.refreshToken }))).toEqual([401, 'refresh-token-used']);
    });

    it('revoked: signed out, or the person was disabled', async () => {
      const signedOut = await api.register();
      await api.request('POST', '/auth/logout', { token: signedOut.accessToken });
      expect(problem(await refresh({ refreshToken: signedOut.refreshToken }))).toEqual([401, 'refresh-token-revoked']);
      const disabled = await api.register();
      await api.get(Users).disable(disabled.id);
      expect(problem(await refresh({ refreshToken: disabled.refreshToken }))).toEqual([401, 'refresh-token-revoked']);
    });
  });

  describe('a retry within the leeway', () => {
    it('gets the same refresh token and the same access token, with what is left of its time', async () => {
      const { refreshToken } = await api.register();
      const first = await refresh({ refreshToken });
      api.clock.advance(LEEWAY - 1);
      const before = await rows.all();
      const retry = await refresh({ refreshToken });
      expect(await rows.all()).toEqual(before);
      expect(retry.status).toBe(200);
      expect(retry.body.refreshToken).toBe(first.body.refreshToken);
      expect([retry.body.expiresIn, retry.body.refreshTokenExpiresIn]).toEqual([
        first.body.expiresIn - LEEWAY + 1,
        first.body.refreshTokenExpiresIn - LEEWAY + 1,
      ]);
      expect(await introspected(retry.body.accessToken)).toEqual(await introspected(first.body.accessToken));
    });

    it('is the same at /connect/token as here', async () => {
      const { refreshToken } = await api.register();
      const first = await refresh({ refreshToken });
      const retry = await new ProtocolClient(api.service.url, { id: 'first-party', secret: undefined }).refresh(refreshToken);
      expect([retry.status, retry.body.refresh_token]).toEqual([200, first.body.refreshToken]);
    });
  });

  describe('POST /auth/logout', () => {
    const gone = async (pair: Pair): Promise<void> => {
      expect(await me(pair.accessToken)).toBe(401);
      expect(problem(await refresh({ refreshToken: pair.refreshToken }))).toEqual([401, 'refresh-token-revoked']);
    };
    const ways: [name: string, request: (first: Pair, second: Pair) => Promise<Answer>][] = [
      ['the access token only', (_, { accessToken }) => api.request('POST', '/auth/logout', { token: accessToken })],
      ['an earlier access token only', ({ accessToken }) => api.request('POST', '/auth/logout', { token: accessToken })],
      ['the refresh token only', (_, { refreshToken }) => api.post('logout', { refreshToken })],
      ['a spent refresh token only', ({ refreshToken }) => api.post('logout', { refreshToken })],
      ['both', (_, { accessToken, refreshToken }) => api.post('logout', { refreshToken }, { token: accessToken })],
    ];

    it.each(ways)('by %s ends this session and no other', async (_, request) => {
      const first = await api.register();
      const second: Pair = (await refresh({ refreshToken: first.refreshToken })).body;
      const elsewhere: Pair = (await api.post('login', { email: first.email, password: first.password })).body;
      expect((await request(first, second)).status).toBe(204);
      await gone(second);
      expect(await me(first.accessToken)).toBe(401);
      expect(await me(elsewhere.accessToken)).toBe(200);
      expect((await refresh({ refreshToken: elsewhere.refreshToken })).status).toBe(200);
    });

    it('by both after the access token expired', async () => {
      const pair = await api.register();
      api.clock.advance(ACCESS_SECONDS);
      expect((await api.post('logout', { refreshToken: pair.refreshToken }, { token: pair.accessToken })).status).toBe(204);
      await gone(pair);
    });

    it("leaves another client's tokens alone", async () => {
      const { id } = await api.register();
      const connected = await connectedApp(api.service, id);
      expect((await api.post('logout', { refreshToken: connected.refreshToken })).status).toBe(204);
      expect((await api.request('POST', '/auth/logout', { token: connected.accessToken })).status).toBe(401);
      expect(await introspected(connected.accessToken)).toMatchObject({ subject: id });
    });
  });

  describe("the service's own routes", () => {
    const routes = [
      ['GET', '/auth/me'],
      ['GET', '/auth/sessions'],
      ['DELETE', '/auth/sessions'],
      ['DELETE', '/auth/sessions/0197a3c0-0000-7000-8000-000000000000'],
      ['POST', '/auth/change-password'],
      ['POST', '/auth/logout'],
    ] as const;
    const call = (method: 'GET' | 'POST' | 'DELETE', url: string, token: string, person: { password: string }) => {
      const body = { currentPassword: person.password, newPassword: 'red kettle 9 sparrows' };
      return api.request(method, url, { token, address: freshAddress(), ...(url.endsWith('password') && { body }) });
    };

    it.each(routes)('%s %s refuses an access token that was revoked a moment ago', async (method, url) => {
      const person = await api.register();
      const app = new ProtocolClient(api.service.url, { id: 'first-party', secret: undefined });
      expect((await app.revoke(person.accessToken)).status).toBe(200);
      expect(problem(await call(method, url, person.accessToken, person))).toEqual([401, 'access-token-invalid']);
      // Only this token was revoked.
      expect((await refresh({ refreshToken: person.refreshToken })).status).toBe(200);
    });

    it.each(routes)("%s %s refuses other clients' tokens, of the person and of a machine", async (method, url) => {
      const person = await api.register();
      const connected = await connectedApp(api.service, person.id);
      for (const token of [connected.accessToken, await machineToken(api.service), connected.refreshToken]) {
        expect(problem(await call(method, url, token, person))).toEqual([401, 'access-token-invalid']);
      }
      expect(await me(person.accessToken)).toBe(200);
      expect((await api.post('login', { email: person.email, password: person.password })).status).toBe(200);
    });
  });

  describe('POST /auth/change-password', () => {
    it('leaves the session that asked working at once, all its tokens, and ends the others', async () => {
      const mine = await api.register();
      const other: Pair = (await api.post('login', { email: mine.email, password: mine.password })).body;
      const connected = await connectedApp(api.service, mine.id);
      const body = { currentPassword: mine.password, newPassword: 'red kettle 9 sparrows' };
      expect((await api.post('change-password', body, { token: mine.accessToken })).status).toBe(204);
      expect([await me(mine.accessToken), await me(other.accessToken)]).toEqual([200, 401]);
      const next = await refresh({ accessToken: mine.accessToken, refreshToken: mine.refreshToken });
      expect([next.status, await me(next.body.accessToken)]).toEqual([200, 200]);
      expect(problem(await refresh({ refreshToken: other.refreshToken }))).toEqual([401, 'refresh-token-revoked']);
      // Connected apps stay unless the option includes them.
      expect(await introspected(connected.accessToken)).toMatchObject({ subject: mine.id });
    });

    it('ends connected apps too where the option includes them', async () => {
      const app = await createIdentityApp({ sharing: api, issuance: formats, options: { includeConnectedApps: true } });
      const mine = await app.register();
      const connected = await connectedApp(app.service, mine.id);
      const body = { currentPassword: mine.password, newPassword: 'red kettle 9 sparrows' };
      expect((await app.post('change-password', body, { token: mine.accessToken })).status).toBe(204);
      expect(await me(mine.accessToken)).toBe(200);
      expect(await introspected(connected.accessToken)).toBeUndefined();
      await app.close();
    });
  });

  describe('/auth/sessions', () => {
    it('shows when a session was last refreshed, and one that ends takes both tokens along', async () => {
      const mine = await api.register();
      api.clock.advance(60);
      const other: Pair = (await api.post('login', { email: mine.email, password: mine.password })).body;
      api.clock.advance(60);
      const next: Pair = (await refresh({ refreshToken: mine.refreshToken })).body;
      const list = (await api.request('GET', '/auth/sessions', { token: next.accessToken })).body.sessions;
      // The one last seen first.
      expect(list.map(({ current }: { current: boolean }) => current)).toEqual([true, false]);
      const [current, theOther] = list;
      const time = (back: number) => new Date(api.clock.now().getTime() - back * 1000).toISOString();
      expect([current.createdAt, current.lastSeenAt]).toEqual([time(120), time(0)]);
      expect([theOther.createdAt, theOther.lastSeenAt]).toEqual([time(60), time(60)]);
      expect((await api.request('DELETE', `/auth/sessions/${theOther.id}`, { token: next.accessToken })).status).toBe(204);
      expect(await me(other.accessToken)).toBe(401);
      expect(problem(await refresh({ refreshToken: other.refreshToken }))).toEqual([401, 'refresh-token-revoked']);
      // The current one can be ended like any other.
      expect((await api.request('DELETE', `/auth/sessions/${current.id}`, { token: next.accessToken })).status).toBe(204);
      expect(await me(next.accessToken)).toBe(401);
    });

    it('forgets sessions that have expired', async () => {
      const mine = await api.register();
      api.clock.advance(CHAIN_SECONDS);
      const { accessToken }: Pair = (await api.post('login', { email: mine.email, password: mine.password })).body;
      const list = (await api.request('GET', '/auth/sessions', { token: accessToken })).body.sessions;
      expect(list).toMatchObject([{ current: true }]);
    });
  });

  /** What the service itself sees in an access token; undefined: it is not active. */
  async function introspected(token: string): Promise<{ client: string; subject: string; tokenId: string } | undefined> {
    const active = await api.get(TokenReader).read(token);
    return active && { client: active.claims.client_id, subject: active.claims.sub, tokenId: active.claims.jti };
  }
});
