import { ClientStore } from '../../src/storage/client.store.js';
import { publicClient } from '../support/clients.js';
import { createIdentityApp, GOOD_PASSWORD, newEmail, type Answer, type IdentityApp } from './support/identity-app.js';
import { seeChanges } from '../support/configuration.js';

const APP = 'https://app.example';
const OTHER_CLIENTS = 'https://other-client.example';
const STRANGER = 'https://stranger.example';

let api: IdentityApp;
let token: string;
beforeAll(async () => {
  api = await createIdentityApp();
  await allow(APP, 'http://localhost:5173');
  await publicClient()
    .with({ allowedOrigins: [OTHER_CLIENTS] })
    .register(api.service);
  ({ accessToken: token } = await api.register());
});
afterAll(() => api.close());

/** As an operator does. */
async function allow(...allowedOrigins: string[]): Promise<void> {
  const client = await api.get(ClientStore).find('first-party');
  if (!client) throw new Error('no first-party client');
  await api.get(ClientStore).update({ ...client, allowedOrigins }, api.clock.now());
  await seeChanges(api);
}

const preflight = (url: string, origin: string, method = 'POST'): Promise<Answer> =>
  api.request('OPTIONS', url, {
    headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': 'content-type' },
  });

/** The headers of CORS only. */
const cors = ({ headers }: Answer): Record<string, unknown> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')));

const ROUTES = [
  ['/auth/register', ['POST']],
  ['/auth/login', ['POST']],
  ['/auth/refresh', ['POST']],
  ['/auth/logout', ['POST']],
  ['/auth/change-password', ['POST']],
  ['/auth/me', ['GET']],
  ['/auth/sessions', ['GET', 'DELETE']],
  ['/auth/sessions/0197a3c0-0000-7000-8000-000000000000', ['DELETE']],
] as const;

describe('CORS of the sign-in API (Fetch §3.2)', () => {
  it.each(ROUTES)('a preflight of %s is answered to the origins of the built-in client only', async (url, methods) => {
    for (const origin of [APP, 'http://localhost:5173']) {
      const answer = await preflight(url, origin, methods[0]);
      expect(answer.status).toBe(204);
      expect(answer.headers['vary']).toBe('Origin');
      expect(cors(answer)).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-headers': 'authorization, content-type',
        'access-control-max-age': '600',
      });
      const allowed = String(answer.headers['access-control-allow-methods']).split(', ');
      expect(allowed.filter((method) => method !== 'HEAD').sort()).toEqual([...methods].sort());
      expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
    }
    for (const origin of [STRANGER, OTHER_CLIENTS, 'null', '*', `${APP}.evil.example`, APP.toUpperCase(), `${APP}:8443`, '']) {
      expect(cors(await preflight(url, origin, methods[0]))).toEqual({});
    }
  });

  it('the answers themselves, good and bad, can be read by these origins only', async () => {
    const requests: [status: number, send: (origin: string) => Promise<Answer>][] = [
      [201, (origin) => api.post('register', { email: newEmail(), password: GOOD_PASSWORD }, { headers: { origin } })],
      [401, (origin) => api.post('login', { email: newEmail(), password: 'not the password' }, { headers: { origin } })],
      [401, (origin) => api.post('refresh', { refreshToken: 'x' }, { headers: { origin } })],
      [400, (origin) => api.request('POST', '/auth/login', { raw: '{', headers: { 'content-type': 'application/json', origin } })],
      [415, (origin) => api.request('POST', '/auth/login', { raw: '{}', headers: { 'content-type': 'x/y', origin } })],
      [413, (origin) => api.post('login', { email: 'x'.repeat(40_000) }, { headers: { origin } })],
      [200, (origin) => api.request('GET', '/auth/me', { token, headers: { origin } })],
      [401, (origin) => api.request('GET', '/auth/sessions', { headers: { origin } })],
      [404, (origin) => api.request('DELETE', '/auth/sessions/x', { token, headers: { origin } })],
      [405, (origin) => api.request('PUT', '/auth/sessions/x', { token, headers: { origin } })],
    ];
    for (const [status, send] of requests) {
      const answer = await send(APP);
      expect(answer.status).toBe(status);
      expect(answer.headers['vary']).toBe('Origin');
      expect(cors(answer)).toEqual({
        'access-control-allow-origin': APP,
        'access-control-expose-headers': 'retry-after, www-authenticate',
      });
      for (const origin of [STRANGER, OTHER_CLIENTS, 'null']) expect(cors(await send(origin))).toEqual({});
    }
  });

  it('nothing is said of origins to those who name none', async () => {
    const answer = await api.request('GET', '/auth/me', { token });
    expect([cors(answer), answer.headers['vary']]).toEqual([{}, undefined]);
    const options = await api.request('OPTIONS', '/auth/me');
    expect([options.status, cors(options), options.headers['allow']]).toEqual([204, {}, expect.stringContaining('GET')]);
  });

  it('follows the client: an origin that is taken away, a client that is disabled', async () => {
    await allow('http://localhost:5173');
    expect(cors(await preflight('/auth/login', APP))).toEqual({});
    await allow(APP, 'http://localhost:5173');
    expect(cors(await preflight('/auth/login', APP))).not.toEqual({});
    await api.get(ClientStore).setEnabled('first-party', false, api.clock.now());
    await seeChanges(api);
    expect(cors(await preflight('/auth/login', APP))).toEqual({});
    await api.get(ClientStore).setEnabled('first-party', true, api.clock.now());
    await seeChanges(api);
  });

  it('is off with the API', async () => {
    const off = await createIdentityApp({ sharing: api, options: { enabled: false } });
    const answer = await off.request('OPTIONS', '/auth/login', { headers: { origin: APP, 'access-control-request-method': 'POST' } });
    expect([answer.status, cors(answer)]).toEqual([404, {}]);
    await off.close();
  });
});

describe('CORS of the token endpoint', () => {
  const refresh = (refreshToken: string, origin: string, client = 'first-party') =>
    api.request('POST', '/connect/token', {
      raw: new URLSearchParams({ grant_type: 'refresh_token', client_id: client, refresh_token: refreshToken }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin },
    });

  it('lets the app refresh from its origins', async () => {
    expect(cors(await preflight('/connect/token', APP))).toMatchObject({
      'access-control-allow-origin': APP,
      'access-control-allow-methods': 'POST',
    });
    const { refreshToken } = await api.register();
    const answer = await refresh(refreshToken, APP);
    expect([answer.status, answer.headers['access-control-allow-origin'], answer.headers['vary']]).toEqual([200, APP, 'Origin']);
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
    const refused = await refresh('x', APP);
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([400, APP]);
  });

  it('tells no stranger, and no origin of another client', async () => {
    expect(cors(await preflight('/connect/token', STRANGER))).toEqual({});
    const { refreshToken } = await api.register();
    for (const origin of [STRANGER, OTHER_CLIENTS, 'null']) expect(cors(await refresh(refreshToken, origin))).toEqual({});
  });
});
