import type { RawRequest } from '../support/exchange.js';
import { expectOAuthError, startBadInput, type BadInput } from './support/bad-input.js';

let bad: BadInput;
beforeAll(async () => {
  bad = await startBadInput();
});
afterAll(() => bad.close());

const DOCUMENTS = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/.well-known/jwks.json'];

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
