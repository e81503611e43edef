import { exchange, type RawRequest } from '../support/exchange.js';
import { startService } from '../support/service-app.js';
import { expectOAuthError, startBadInput, type BadInput } from './support/bad-input.js';

let bad: BadInput;
beforeAll(async () => {
  bad = await startBadInput({ issuance: { issuer: 'https://id.example.com/tenant' } });
});
afterAll(() => bad.close());

/** RFC 8414 §3.1: for an issuer with a path. */
const AT_PATH = '/.well-known/oauth-authorization-server/tenant';
const DOCUMENTS = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/.well-known/jwks.json', AT_PATH];

describe.each(DOCUMENTS)('%s', (path) => {
  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])('refuses %s with 405 and says what is allowed', async (method) => {
    const answer = await bad.refused({ method, path });
    expectOAuthError(answer, 405, 'invalid_request');
    expect(answer.headers.allow).toBe('GET, HEAD');
  });

  it('is the same whatever is sent along: query, body, credentials, Host', async () => {
    const plain = await bad.send({ method: 'GET', path });
    expect([plain.status, plain.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(plain.headers['cache-control']).toMatch(/^public, max-age=\d+$/);
    const others: RawRequest[] = [
      { path: `${path}?issuer=https://elsewhere.example&x=%zz` },
      { path, headers: { host: 'elsewhere.example', 'x-forwarded-host': 'elsewhere.example', 'x-forwarded-proto': 'https' } },
      { path, headers: { authorization: 'Basic !' } },
      { path, headers: { 'if-none-match': '"other", W/"x", ,' } },
      { path, headers: { 'content-type': 'application/json' }, body: '{' },
    ];
    for (const other of others) {
      const answer = await bad.refused({ method: 'GET', ...other });
      expect([answer.status, answer.text]).toEqual([200, plain.text]);
    }
    const head = await bad.refused({ method: 'HEAD', path });
    expect([head.status, head.text, head.headers.etag]).toEqual([200, '', plain.headers.etag]);
    const known = await bad.refused({ method: 'GET', path, headers: { 'if-none-match': `"x", W/${plain.headers.etag}` } });
    expect([known.status, known.text]).toEqual([304, '']);
  });
});

describe('the metadata of an issuer with a path (RFC 8414 §3.1)', () => {
  it('are those of the other addresses, for any origin', async () => {
    const answer = await bad.send({ method: 'GET', path: AT_PATH, headers: { origin: 'https://anyone.example' } });
    expect(answer.body).toMatchObject({
      issuer: 'https://id.example.com/tenant',
      token_endpoint: 'https://id.example.com/tenant/connect/token',
      jwks_uri: 'https://id.example.com/tenant/.well-known/jwks.json',
    });
    for (const path of DOCUMENTS.slice(0, 2)) expect((await bad.send({ method: 'GET', path })).text).toBe(answer.text);
    expect(answer.headers['access-control-allow-origin']).toBe('*');
    const headers = { origin: 'https://anyone.example', 'access-control-request-method': 'GET' };
    const preflight = await bad.send({ method: 'OPTIONS', path: AT_PATH, headers });
    expect([preflight.status, preflight.headers['access-control-allow-origin'], preflight.headers['access-control-allow-methods']]).toEqual(
      [204, '*', 'GET'],
    );
  });

  it('are there by every spelling of the path, and so is the 405', async () => {
    const path = AT_PATH.replace('tenant', '%74enant');
    expect((await bad.send({ method: 'GET', path })).status).toBe(200);
    expectOAuthError(await bad.send({ method: 'PUT', path }), 405, 'invalid_request');
  });

  it.each(['/', '/other', '/tenant/', '/tenant/x', '/tenantx', '/Tenant', '%2Ftenant', '//tenant', '/%ff'])(
    'are at no other: %s',
    async (suffix) => {
      for (const method of ['GET', 'HEAD', 'POST']) {
        const answer = await bad.refused({ method, path: `/.well-known/oauth-authorization-server${suffix}` });
        expect([400, 404]).toContain(answer.status);
      }
    },
  );

  it.each([
    ['https://id.example.com/one/two', '/one/two'],
    ['https://id.example.com/caf%C3%A9', '/caf%C3%A9'],
    ['http://[::1]:3000/~tenant', '/~tenant'],
  ])('of %s are found', (issuer, path) => foundAt(issuer, path, 200));

  // What is a pattern to the router must not become one: such an issuer has the other addresses only.
  it.each([
    ['https://id.example.com', '/tenant'],
    ['https://id.example.com/:any', '/tenant'],
    ['https://id.example.com/*', '/tenant'],
    ['https://id.example.com/*/x', '/tenant/x'],
    ['https://id.example.com/a%2Fb', '/a%2Fb'],
  ])('of %s are not at %s', (issuer, path) => foundAt(issuer, path, 404));

  async function foundAt(issuer: string, path: string, status: number): Promise<void> {
    const service = await startService({ beside: bad.service, issuance: { issuer } });
    try {
      const answer = await exchange(service.url, { method: 'GET', path: `/.well-known/oauth-authorization-server${path}` });
      expect([answer.status, answer.body.issuer]).toEqual([status, status === 200 ? issuer : undefined]);
    } finally {
      await service.close();
    }
  }
});

describe('the JWK set', () => {
  it('holds public parts only (RFC 7517 §9.2)', async () => {
    const { body } = await bad.send({ method: 'GET', path: '/.well-known/jwks.json' });
    expect(body.keys.length).toBeGreaterThan(1);
    const names = new Set(body.keys.flatMap((key: object) => Object.keys(key)));
    expect([...names].sort()).toEqual(['alg', 'crv', 'e', 'kid', 'kty', 'n', 'use', 'x', 'y']);
  });
});

describe('what is nowhere', () => {
  it.each([
    '/',
    '/connect',
    '/connect/token/x',
    '/.well-known/',
    '/.well-known/jwks',
    '/connect/%',
    '/connect/%ff',
    '/connect/%00token',
    '/../../etc/passwd',
  ])('%s is a 4xx that tells nothing', async (path) => {
    for (const method of ['GET', 'POST']) {
      const answer = await bad.refused({ method, path });
      expect([400, 404]).toContain(answer.status);
      expect(answer.text).not.toMatch(/node_modules|    at /);
    }
  });
});
