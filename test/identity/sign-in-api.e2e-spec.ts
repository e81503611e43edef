import { get } from 'node:http';
import { Users } from '../../src/identity/users.js';
import { ACCESS_SECONDS, createIdentityApp, freshAddress, GOOD_PASSWORD, newEmail, type IdentityApp } from './support/identity-app.js';

let api: IdentityApp;
beforeAll(async () => {
  api = await createIdentityApp();
});
afterAll(() => api.close());

describe('POST /auth/register', () => {
  it('answers 201 with a pair that works at once, and the person', async () => {
    const email = newEmail();
    const answer = await api.post('register', { email: ` ${email.toUpperCase()} `, password: GOOD_PASSWORD, displayName: '  Ada  ' });
    expect(answer.status).toBe(201);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body).toEqual({
      accessToken: expect.any(String),
      tokenType: 'Bearer',
      expiresIn: ACCESS_SECONDS,
      refreshToken: expect.any(String),
      refreshTokenExpiresIn: expect.any(Number),
      user: {
        id: expect.any(String),
        email,
        emailVerified: false,
        displayName: 'Ada',
        roles: [],
        createdAt: api.clock.now().toISOString(),
      },
    });
    const me = await api.request('GET', '/auth/me', { token: answer.body.accessToken });
    expect(me.status).toBe(200);
    expect(me.body).toEqual(answer.body.user);
    expect(me.headers['cache-control']).toBe('no-store');
  });

  it('answers 409 to a known e-mail, in any spelling', async () => {
    const { email } = await api.register();
    const answer = await api.post('register', { email: email.toUpperCase(), password: GOOD_PASSWORD });
    expect(answer.status).toBe(409);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body).toEqual({ type: 'urn:countersign:problem:email-taken', title: expect.any(String), status: 409 });
  });

  it('lets one of twenty at once have an e-mail', async () => {
    const email = newEmail();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => api.post('register', { email, password: GOOD_PASSWORD }, { address: freshAddress() })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...new Array<number>(19).fill(409)]);
  });
});

describe('POST /auth/login', () => {
  it('answers 200 with a pair, whatever the spelling of the e-mail', async () => {
    const { email, password } = await api.register();
    const answer = await api.post('login', { email: email.toUpperCase(), password });
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body).sort()).toEqual(['accessToken', 'expiresIn', 'refreshToken', 'refreshTokenExpiresIn', 'tokenType']);
    expect((await api.request('GET', '/auth/me', { token: answer.body.accessToken })).body.email).toBe(email);
  });

  it('takes the password in either composition of its letters (NFKC)', async () => {
    const { email } = await api.register(newEmail(), 'grüne kessel 7 spatzen');
    expect((await api.post('login', { email, password: 'gru\u0308ne kessel 7 spatzen' })).status).toBe(200);
  });

  it('answers alike to a wrong password, an unknown e-mail and a disabled account, each after exactly one verification', async () => {
    const known = await api.register();
    const disabled = await api.register();
    await api.get(Users).disable(disabled.id);
    const attempts = [
      { email: known.email, password: 'not the password' },
      { email: newEmail(), password: GOOD_PASSWORD },
      { email: disabled.email, password: disabled.password },
    ];
    const texts = new Set<string>();
    for (const attempt of attempts) {
      const before = api.argon2.verified.length;
      const answer = await api.post('login', attempt, { address: freshAddress() });
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(api.argon2.verified.length - before).toBe(1);
      // Of the same costs, so that they take the same time.
      expect(api.argon2.verified.at(-1)).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
      texts.add(answer.text);
    }
    expect([...texts]).toEqual([
      JSON.stringify({ type: 'urn:countersign:problem:invalid-credentials', title: 'E-mail or password is wrong.', status: 401 }),
    ]);
  });
});

describe('POST /auth/refresh', () => {
  it('answers 200 with the next pair', async () => {
    const { refreshToken, email } = await api.register();
    const answer = await api.post('refresh', { refreshToken });
    expect(answer.status).toBe(200);
    expect(answer.body.tokenType).toBe('Bearer');
    expect((await api.request('GET', '/auth/me', { token: answer.body.accessToken })).body.email).toBe(email);
  });

  it('names a distinct problem for each way a refresh token can be bad', async () => {
    const { refreshToken } = await api.register();
    const next = await api.post('refresh', { refreshToken });
    const problem = async (token: string) => {
      const { status, body } = await api.post('refresh', { refreshToken: token });
      return [status, body.type];
    };
    api.clock.advance(31); // beyond the leeway
    expect(await problem(refreshToken)).toEqual([401, 'urn:countersign:problem:refresh-token-used']);
    expect(await problem(next.body.refreshToken)).toEqual([401, 'urn:countersign:problem:refresh-token-revoked']);
    expect(await problem('cs_rt_forged')).toEqual([401, 'urn:countersign:problem:refresh-token-not-found']);
  });
});

describe('POST /auth/logout', () => {
  const alive = async (token: string) => (await api.request('GET', '/auth/me', { token })).status === 200;

  it('ends the session by the access token alone', async () => {
    const { accessToken, refreshToken } = await api.register();
    const answer = await api.request('POST', '/auth/logout', { token: accessToken });
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(await alive(accessToken)).toBe(false);
    expect((await api.post('refresh', { refreshToken })).status).toBe(401);
  });

  it('ends the session by the refresh token alone, spent or not', async () => {
    const { accessToken, refreshToken } = await api.register();
    const next = await api.post('refresh', { refreshToken });
    expect((await api.post('logout', { refreshToken })).status).toBe(204);
    expect(await alive(accessToken)).toBe(false);
    expect(await alive(next.body.accessToken)).toBe(false);
  });

  it('ends the session of the refresh token although the access token sent along has expired', async () => {
    const { accessToken, refreshToken } = await api.register();
    api.clock.advance(ACCESS_SECONDS + 1);
    expect((await api.post('logout', { refreshToken }, { token: accessToken })).status).toBe(204);
    expect((await api.post('refresh', { refreshToken })).body.type).toBe('urn:countersign:problem:refresh-token-revoked');
  });

  it('answers 204 to a refresh token it does not know, and 401 when nothing names a session', async () => {
    const { accessToken } = await api.register();
    expect((await api.post('logout', { refreshToken: 'cs_rt_forged' })).status).toBe(204);
    expect((await api.post('logout', {})).headers['www-authenticate']).toBe('Bearer');
    expect((await api.request('POST', '/auth/logout')).status).toBe(401);
    const forged = await api.request('POST', '/auth/logout', { token: 'forged' });
    expect([forged.status, forged.headers['www-authenticate']]).toEqual([401, expect.stringContaining('error="invalid_token"')]);
    expect(await alive(accessToken)).toBe(true);
  });
});

describe('the routes of a signed-in person', () => {
  const routes = [
    ['GET', '/auth/me'],
    ['GET', '/auth/sessions'],
    ['DELETE', '/auth/sessions'],
    ['DELETE', '/auth/sessions/0197a3c0-0000-7000-8000-000000000000'],
    ['POST', '/auth/change-password'],
  ] as const;

  it.each(routes)('%s %s answers 401 by RFC 6750 without a live access token', async (method, url) => {
    const { accessToken, refreshToken } = await api.register();
    const none = await api.request(method, url);
    expect([none.status, none.headers['www-authenticate'], none.body.type]).toEqual([
      401,
      'Bearer',
      'urn:countersign:problem:access-token-missing',
    ]);
    await api.post('logout', { refreshToken });
    for (const token of [accessToken, refreshToken, 'eyJhbGciOiJub25lIn0.e30.', 'x']) {
      const { status, headers, body } = await api.request(method, url, { token });
      expect([status, headers['www-authenticate'], body.type]).toEqual([
        401,
        expect.stringContaining('error="invalid_token"'),
        'urn:countersign:problem:access-token-invalid',
      ]);
    }
  });

  it.each(routes)('%s %s answers 400 to a malformed Authorization header', async (method, url) => {
    const answer = await api.request(method, url, { headers: { authorization: 'Bearer a b' } });
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([400, 'Bearer error="invalid_request"']);
  });

  it('stop working when the person is disabled', async () => {
    const { accessToken, id } = await api.register();
    await api.get(Users).disable(id);
    expect((await api.request('GET', '/auth/me', { token: accessToken })).status).toBe(401);
  });
});

describe('/auth/sessions', () => {
  it('lists where the person is signed in, and ends one or all others', async () => {
    const first = await api.register();
    const login = (userAgent: string) =>
      api.post('login', { email: first.email, password: first.password }, { headers: { 'user-agent': userAgent }, address: '2001:db8::7' });
    const second = (await login('Phone/1')).body;
    const third = (await login('Tablet/1')).body;

    const list = await api.request('GET', '/auth/sessions', { token: second.accessToken });
    expect(list.status).toBe(200);
    expect(list.body.sessions).toHaveLength(3);
    const phone = list.body.sessions.find(({ userAgent }: { userAgent?: string }) => userAgent === 'Phone/1');
    expect(phone).toEqual({
      id: expect.any(String),
      client: 'first-party',
      createdAt: api.clock.now().toISOString(),
      lastSeenAt: api.clock.now().toISOString(),
      expiresAt: expect.stringMatching(/Z$/),
      userAgent: 'Phone/1',
      address: '2001:db8::7',
      current: true,
    });
    expect(list.body.sessions.filter(({ current }: { current: boolean }) => current)).toHaveLength(1);

    const tablet = list.body.sessions.find(({ userAgent }: { userAgent?: string }) => userAgent === 'Tablet/1');
    const end = () => api.request('DELETE', `/auth/sessions/${tablet.id}`, { token: second.accessToken });
    expect((await end()).status).toBe(204);
    expect((await end()).body.type).toBe('urn:countersign:problem:not-found');
    expect((await api.request('GET', '/auth/me', { token: third.accessToken })).status).toBe(401);

    expect((await api.request('DELETE', '/auth/sessions', { token: second.accessToken })).status).toBe(204);
    expect((await api.request('GET', '/auth/me', { token: first.accessToken })).status).toBe(401);
    expect((await api.request('GET', '/auth/sessions', { token: second.accessToken })).body.sessions).toHaveLength(1);
  });

  it("answers 404 to another person's session and to ids of any other form", async () => {
    const [mine, theirs] = [await api.register(), await api.register()];
    const [{ id }] = (await api.request('GET', '/auth/sessions', { token: theirs.accessToken })).body.sessions;
    for (const path of [id, 'x', '%00', "1' or '1'='1", id.toUpperCase(), '..%2Fme']) {
      const answer = await api.request('DELETE', `/auth/sessions/${path}`, { token: mine.accessToken });
      expect([path, answer.status]).toEqual([path, 404]);
    }
    expect((await api.request('GET', '/auth/me', { token: theirs.accessToken })).status).toBe(200);
  });
});

describe('POST /auth/change-password', () => {
  const NEW = 'red kettle 9 sparrows';
  const change = (app: IdentityApp, token: string, currentPassword = GOOD_PASSWORD, newPassword = NEW) =>
    app.post('change-password', { currentPassword, newPassword }, { token, address: freshAddress() });

  it('changes the password, ends the other sessions, and leaves the one that asked working', async () => {
    const mine = await api.register();
    const other = (await api.post('login', { email: mine.email, password: mine.password })).body;
    const answer = await change(api, mine.accessToken);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect((await api.request('GET', '/auth/me', { token: mine.accessToken })).status).toBe(200);
    expect((await api.post('refresh', { refreshToken: mine.refreshToken })).status).toBe(200);
    expect((await api.request('GET', '/auth/me', { token: other.accessToken })).status).toBe(401);
    expect((await api.post('login', { email: mine.email, password: mine.password })).status).toBe(401);
    expect((await api.post('login', { email: mine.email, password: NEW })).status).toBe(200);
  });

  it.each([
    ['all', [401, 401]],
    ['none', [200, 200]],
  ] as const)('ends %s', async (onPasswordChange, expected) => {
    const app = await createIdentityApp({ options: { onPasswordChange }, sharing: api });
    const mine = await app.register();
    const other = (await app.post('login', { email: mine.email, password: mine.password })).body;
    expect((await change(app, mine.accessToken)).status).toBe(204);
    const statuses = [mine, other].map(async ({ accessToken }) => (await app.request('GET', '/auth/me', { token: accessToken })).status);
    expect(await Promise.all(statuses)).toEqual(expected);
    await app.close();
  });

  it('refuses a wrong current password, and counts it for the lock-out', async () => {
    const { accessToken, email, password } = await api.register();
    for (let failure = 0; failure < 6; failure++) {
      const answer = await change(api, accessToken, 'not the password');
      expect([answer.status, answer.body.type]).toEqual([400, 'urn:countersign:problem:current-password-wrong']);
    }
    expect((await change(api, accessToken)).status).toBe(429);
    expect((await api.post('login', { email, password })).status).toBe(429);
  });

  it('refuses a bad new password before it tries the current one', async () => {
    const { accessToken } = await api.register();
    const before = api.argon2.verified.length;
    const answer = await change(api, accessToken, GOOD_PASSWORD, 'password123');
    expect([answer.status, answer.body.type, answer.body.errors[0].field]).toEqual([
      400,
      'urn:countersign:problem:password-refused',
      'newPassword',
    ]);
    expect(api.argon2.verified.length).toBe(before);
  });

  it('lets one of several changes at once through', async () => {
    const { accessToken } = await api.register();
    const statuses = (await Promise.all(Array.from({ length: 5 }, (_, n) => change(api, accessToken, GOOD_PASSWORD, `${NEW} ${n}`)))).map(
      ({ status }) => status,
    );
    expect(statuses.filter((status) => status === 204)).toHaveLength(1);
    expect(statuses.filter((status) => status !== 204).every((status) => [400, 409].includes(status))).toBe(true);
  });
});

describe('options', () => {
  it('token storage off leaves register, login, refresh and me; the rest answers 404', async () => {
    const app = await createIdentityApp({ issuance: { tokenStorage: false }, sharing: api });
    const { accessToken: token, refreshToken, email, password } = await app.register();
    expect((await app.post('login', { email, password })).status).toBe(200);
    expect((await app.post('refresh', { refreshToken })).status).toBe(200);
    expect((await app.request('GET', '/auth/me', { token })).status).toBe(200);
    const gone = [
      app.post('logout', { refreshToken }),
      app.post('change-password', {}, { token }),
      app.request('GET', '/auth/sessions'),
      app.request('DELETE', '/auth/sessions', { token }),
      app.request('DELETE', '/auth/sessions/x', { token }),
    ];
    for (const { status, body } of await Promise.all(gone)) expect([status, body.type]).toEqual([404, 'urn:countersign:problem:not-found']);
    await app.close();
  });

  it('enabled: false answers 404 everywhere', async () => {
    const app = await createIdentityApp({ options: { enabled: false }, sharing: api });
    for (const path of ['register', 'login', 'refresh', 'logout', 'change-password']) expect((await app.post(path, {})).status).toBe(404);
    expect((await app.request('GET', '/auth/me')).status).toBe(404);
    await app.close();
  });

  it("registration: 'off' answers 403", async () => {
    const app = await createIdentityApp({ options: { registration: 'off' }, sharing: api });
    const answer = await app.post('register', { email: newEmail(), password: GOOD_PASSWORD });
    expect([answer.status, answer.body.type]).toEqual([403, 'urn:countersign:problem:registration-off']);
    await app.close();
  });

  it('contradictions are refused at start, all at once', async () => {
    const options = { registration: 'verified', argon2: { timeCost: 0 }, passwordPolicy: { minLength: 4 } } as const;
    await expect(createIdentityApp({ options, sharing: api })).rejects.toThrow(
      /needs mail[^]*passwordPolicy\.minLength[^]*argon2\.timeCost/,
    );
  });
});

describe('over a socket', () => {
  it('plays register, me, refresh, logout, and refuses a repeated Authorization header', async () => {
    const url = (path: string): string => `${api.service.url}/auth/${path}`;
    const call = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
      fetch(url(path), {
        method,
        headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
        ...(body && { body: JSON.stringify(body) }),
      });
    const registered = await call('POST', 'register', { email: newEmail(), password: GOOD_PASSWORD });
    expect(registered.status).toBe(201);
    const { accessToken, refreshToken } = (await registered.json()) as Record<string, string>;
    const bearer = { authorization: `Bearer ${accessToken}` };
    expect((await call('GET', 'me', undefined, bearer)).status).toBe(200);
    const refreshed = await call('POST', 'refresh', { refreshToken, accessToken });
    expect(refreshed.status).toBe(200);
    expect((await call('POST', 'logout', undefined, bearer)).status).toBe(204);
    expect((await call('GET', 'me', undefined, bearer)).status).toBe(401);

    const twice = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { Authorization: [`Bearer ${accessToken}`, 'Bearer x'] };
      get(url('me'), { headers }, (answer) => resolve(answer.resume().statusCode)).on('error', reject);
    });
    expect(twice).toBe(400);
  });
});
