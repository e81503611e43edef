import { startService, type TestService } from '../support/service-app.js';
import { Beside } from './support/beside.js';
import { signUp } from '../support/protocol-client.js';

const PAGES = ['/sign-in', '/register', '/account', '/assets/pages.css', '/sign-in?continue=/account'];

const beside = new Beside();
let service: TestService;
beforeAll(async () => (service = await startService()));
afterEach(() => beside.close());
afterAll(() => service.close());

/** As an address where there never was anything. */
async function expectNothing(from: TestService, method: string, path: string): Promise<void> {
  const ask = async (target: string): Promise<unknown[]> => {
    const body = method === 'POST' ? { body: 'email=a', headers: { 'content-type': 'application/x-www-form-urlencoded' } } : {};
    const { status, headers, ...answer } = await fetch(from.url + target, { method, ...body }).then(async (response) => ({
      status: response.status,
      headers: response.headers,
      text: await response.text(),
    }));
    return [status, headers.get('content-type'), headers.get('set-cookie'), answer.text.replaceAll(target, 'PATH')];
  };
  const answer = await ask(path);
  expect(answer[0]).toBe(404);
  expect(answer).toEqual(await ask('/nothing-at-all'));
}

describe('Without pages', () => {
  it.each([
    ['switched off', { identity: { pages: { enabled: false } } }],
    ['with token storage off', { issuance: { tokenStorage: false } }],
    ['and without the sign-in API', { identity: { enabled: false, pages: { enabled: false } } }],
  ])('%s, their addresses are like any other', async (_why, options) => {
    const off = await beside.start(service, options);
    for (const path of PAGES) {
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS']) await expectNothing(off, method, path);
    }
  });

  // Regression: other methods were told 405, and by that that there is something.
  it.each([
    ['authorization', { issuance: { endpoints: { authorization: false } } }, ['/connect/authorize', '/consent', '/select-account']],
    ['devices', { issuance: { endpoints: { device: false } } }, ['/activate', '/activate/confirm']],
    ['signing out by an app', { issuance: { endpoints: { endSession: false } } }, ['/connect/logout']],
    ['registration', { identity: { registration: 'off' } }, ['/register']],
    ['token storage', { issuance: { tokenStorage: false } }, ['/connect/authorize', '/connect/logout', '/auth/logout', '/auth/sessions/x']],
  ] as const)('and with pages, but without %s, other methods find nothing either', async (_feature, options, paths) => {
    const off = await beside.start(service, options);
    for (const path of paths) {
      expect([path, (await fetch(off.url + path)).status]).toEqual([path, 404]);
      for (const method of ['OPTIONS', 'PUT']) await expectNothing(off, method, path);
    }
    expect((await fetch(`${off.url}/connect/token`, { method: 'OPTIONS' })).status).toBe(405);
  });

  it('the sign-in API goes on', async () => {
    const off = await beside.start(service, { identity: { pages: { enabled: false } } });
    expect((await signUp(off.url)).accessToken).toMatch(/^eyJ/);
  });

  it('without the sign-in API there are pages all the same', async () => {
    const off = await beside.start(service, { identity: { enabled: false } });
    expect((await fetch(`${off.url}/sign-in`)).status).toBe(200);
    expect((await fetch(`${off.url}/sign-in`, { method: 'PUT' })).status).toBe(405);
  });

  it('pages that are asked for without token storage are a contradiction, refused at start', async () => {
    await expect(beside.start(service, { issuance: { tokenStorage: false }, identity: { pages: { enabled: true } } })).rejects.toThrow(
      /pages\.enabled needs token storage: turn it off, or storage on/,
    );
  });
});
