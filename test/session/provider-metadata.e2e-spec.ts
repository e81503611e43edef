import { DEFAULT_SETTINGS } from '../../src/testing/provider/faulty-provider.options.js';
import { cookieAfter, WAYS, WebApp } from './support/web-app.js';

describe.each(WAYS)('What the provider leaves open: %s store on %s', (store, host) => {
  let app: WebApp;
  beforeAll(async () => {
    app = await WebApp.start({ store, host });
  });
  afterAll(() => app.close());
  afterEach(() => void Object.assign(app.provider.settings, DEFAULT_SETTINGS));

  /** The refreshes of a session that is used after each of these steps of the clock, in seconds. */
  async function refreshesOver(steps: readonly number[]): Promise<number[]> {
    let cookie = app.cookieOf(await app.signedIn());
    app.provider.forgetCalls();
    const counted: number[] = [];
    for (const step of steps) {
      app.clock.advance(step);
      const answer = await app.orders(cookie);
      expect(answer.status).toBe(200);
      cookie = cookieAfter(answer, cookie);
      counted.push(app.refreshes);
    }
    return counted;
  }

  it('R10: without expires_in, a JWT lives as long as it says', async () => {
    Object.assign(app.provider.settings, { omitExpiresIn: true, accessTokenLifetime: 600 });
    expect(await refreshesOver([539, 1, 0])).toEqual([0, 1, 1]);
  });

  it('R10: without expires_in, an opaque token is taken to live for 300 s', async () => {
    Object.assign(app.provider.settings, { omitExpiresIn: true, accessTokenFormat: 'opaque', accessTokenLifetime: 600 });
    expect(await refreshesOver([239, 1, 0])).toEqual([0, 1, 1]);
  });

  it('R10: tokens of one second are refreshed every ten', async () => {
    app.provider.settings.accessTokenLifetime = 1;
    expect((await refreshesOver(Array<number>(30).fill(1))).filter((_, second) => second % 10 === 9)).toEqual([1, 2, 3]);
  });

  it.each([1, 40, 300])('R10: a clock that is set to and fro brings one refresh at most: tokens of %i s', async (lifetime) => {
    app.provider.settings.accessTokenLifetime = lifetime;
    expect((await refreshesOver([30, -30, 30, -30, 30])).at(-1)).toBeLessThanOrEqual(1);
  });

  it('R10: where no new refresh token comes, the old one is kept', async () => {
    app.provider.settings.rotateRefreshTokens = false;
    expect(await refreshesOver([300, 300, 300])).toEqual([1, 2, 3]);
    expect(new Set(app.provider.calls('token').map(({ parameters }) => parameters['refresh_token'])).size).toBe(1);
  });

  it('R11: the app starts without the provider, reads its metadata once for all who wait, and keeps the last good ones', async () => {
    await app.provider.stop();
    const fresh = await WebApp.start({ store, host, beside: app });
    const login = async () => (await fresh.get('/session/login', {})).headers.get('location');
    expect([(await fresh.get('/static', {})).status, await login()]).toEqual([200, null]);
    await app.provider.start();
    app.provider.forgetCalls();
    await Promise.all(Array.from({ length: 10 }, login));
    expect(app.provider.counts.discovery).toBe(1);

    await app.provider.stop();
    app.clock.advance(3_600);
    expect(await login()).toContain('/authorize?');
    await app.provider.start();
    app.provider.settings.metadata = { authorization_endpoint: `${app.provider.issuer}/moved` };
    app.clock.advance(60);
    for (let tries = 0; tries < 100 && !(await login())?.includes('/moved?'); tries++) await new Promise(setImmediate);
    expect(await login()).toContain('/moved?');
    expect(app.provider.counts.discovery).toBe(2);
    await fresh.close();
  });
});
