import { exchange, type RawAnswer, type RawRequest } from '../support/exchange.js';
import { createIdentityApp, type IdentityApp } from './support/identity-app.js';

let api: IdentityApp;
beforeAll(async () => {
  api = await createIdentityApp();
});
afterAll(() => api.close());

const send = (request: RawRequest, app = api): Promise<RawAnswer> => exchange(app.service.url, request);

const SESSION = '/auth/sessions/0197a3c0-0000-7000-8000-000000000000';
const PATHS: [path: string, methods: string[]][] = [
  ['/auth/register', ['POST']],
  ['/auth/login', ['POST']],
  ['/auth/refresh', ['POST']],
  ['/auth/logout', ['POST']],
  ['/auth/change-password', ['POST']],
  ['/auth/me', ['GET', 'HEAD']],
  ['/auth/sessions', ['DELETE', 'GET', 'HEAD']],
  [SESSION, ['DELETE']],
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'QUERY', 'PURGE'];
const JSON_BODY = { headers: { 'content-type': 'application/json' }, body: '{}' };

function expectNotAllowed(answer: RawAnswer, methods: readonly string[]): void {
  expect(answer.status).toBe(405);
  expect(answer.headers.allow?.split(', ').sort()).toEqual([...methods, 'OPTIONS'].sort());
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json(;|$)/);
}

describe('a wrong method (RFC 9110 §15.5.6)', () => {
  it.each(PATHS)('at %s is told which are right', async (path, methods) => {
    for (const method of METHODS.filter((other) => !methods.includes(other))) {
      const answer = await send({ method, path });
      expectNotAllowed(answer, methods);
      if (method === 'HEAD') continue;
      expect(answer.body).toEqual({
        type: 'urn:countersign:problem:method-not-allowed',
        title: 'The method is not allowed here.',
        status: 405,
      });
    }
  });

  it('is told the same as one who asks for the options', async () => {
    const options = await send({ method: 'OPTIONS', path: '/auth/sessions' });
    expect(options.headers.allow).toBe((await send({ method: 'PUT', path: '/auth/sessions' })).headers.allow);
  });

  it('is refused whatever is sent along: query, token, a body of any type', async () => {
    const { accessToken } = await api.register();
    const bodies: Omit<RawRequest, 'path'>[] = [
      JSON_BODY,
      { ...JSON_BODY, body: '{' },
      { headers: { 'content-type': 'application/x-unknown' }, body: 'x', chunked: true },
      { headers: { authorization: `Bearer ${accessToken}` } },
    ];
    for (const given of bodies) {
      expectNotAllowed(await send({ method: 'PUT', path: '/auth/login', ...given }), ['POST']);
      expectNotAllowed(await send({ method: 'PATCH', path: '/auth/me?x=/auth/login', ...given }), ['GET', 'HEAD']);
    }
  });

  it('is refused by every spelling of the path that the right method is answered by', async () => {
    for (const path of ['/%61uth/login', '/auth/log%69n', '/auth/%6C%6f%67in?%ff', `${api.service.url}/auth/login`]) {
      expect((await send({ path, ...JSON_BODY })).status).toBe(400);
      for (const method of ['GET', 'PUT', 'PURGE']) expectNotAllowed(await send({ method, path }), ['POST']);
    }
    for (const path of ['/auth/sessions/x', '/auth/sessions/%2F', '/auth/sessions/%25', '/auth/sessions/a%20b', '/auth/%73essions/x'])
      for (const method of ['GET', 'PUT', 'PURGE']) expectNotAllowed(await send({ method, path }), ['DELETE']);
  });

  it('is no matter where the path is none of ours: it stays a 4xx of the host', async () => {
    const others = ['/auth', '/auth/', '/auth/login/', '/auth//login', '/AUTH/login', '/auth/login/x', '/auth/sessions/', `${SESSION}/x`];
    for (const path of [...others, '/auth%2Flogin', '/auth/login%3Fx', '/auth/l%256Fgin', '/auth/login%00', '/auth/toString']) {
      for (const method of ['GET', 'PUT', 'PURGE']) expect([path, (await send({ method, path })).status]).toEqual([path, 404]);
    }
    for (const path of ['/auth/%', '/auth/login%ff', '/%c0%80uth/login'])
      for (const method of ['GET', 'PUT', 'PURGE']) expect([400, 404]).toContain((await send({ method, path })).status);
  });
});

describe('what is switched off', () => {
  it('has no methods: without token storage', async () => {
    const app = await createIdentityApp({ sharing: api, issuance: { tokenStorage: false } });
    for (const path of ['/auth/logout', '/auth/change-password', '/auth/sessions', SESSION]) {
      for (const method of ['PUT', 'PATCH']) expect((await send({ method, path }, app)).status).toBe(404);
    }
    for (const [path, methods] of PATHS.filter(([known]) => /register|login|refresh|me$/.test(known)))
      expectNotAllowed(await send({ method: 'PUT', path }, app), methods);
    await app.close();
  });

  it('has no methods: the whole API', async () => {
    const app = await createIdentityApp({ sharing: api, options: { enabled: false } });
    // QUERY without a content type is 400 to the host, wherever it goes.
    const methods = METHODS.filter((method) => method !== 'QUERY');
    for (const [path] of PATHS) for (const method of methods) expect((await send({ method, path }, app)).status).toBe(404);
    await app.close();
  });
});

it('says that the database is away, not that the method is wrong, when an origin cannot be looked up', async () => {
  const app = await createIdentityApp();
  try {
    await app.database.drop();
    const answer = await send({ method: 'PUT', path: '/auth/login', headers: { origin: 'https://app.example' } }, app);
    expect([answer.status, answer.body.type]).toEqual([503, 'urn:countersign:problem:unavailable']);
  } finally {
    await app.close();
  }
});
