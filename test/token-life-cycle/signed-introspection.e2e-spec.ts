import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { IdTokenHints } from '../../src/issuance/tokens/id-token-hints.js';
import { AssertingClient } from '../support/assertions.js';
import { confidentialClient, resourceServer, type TestClient } from '../support/clients.js';
import { claimsOf } from '../support/jwt.js';
import { ProtocolClient, signUp } from '../support/protocol-client.js';
import { startReachableService } from '../support/reachable-service.js';
import { startService, type TestService } from '../support/service-app.js';
import { signedIntrospection } from '../support/signed-introspection.js';
import { statementsDuring } from '../support/statement-count.js';
import { startGuardedApis, statuses } from '../toggles/support/guarded-apis.js';

const SIGNED = 'application/token-introspection+jwt';

let service: TestService;
let api: TestClient;
let token: string;

beforeAll(async () => {
  service = await startReachableService();
  api = await resourceServer().register(service);
  token = await machineToken();
});
afterAll(() => service.close());

async function machineToken(): Promise<string> {
  const machine = await confidentialClient().withScopes('todos:read').register(service);
  const granted = await new ProtocolClient(service.url, machine).token({ grant_type: 'client_credentials', scope: 'todos:read' });
  return granted.body.access_token;
}

async function introspect(
  accept: string | undefined,
  form: Record<string, string> = { token },
  secret = api.secret ?? '',
): Promise<Response> {
  return fetch(`${service.url}/connect/introspect`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${api.id}:${secret}`).toString('base64')}`, ...(accept !== undefined && { accept }) },
    body: new URLSearchParams(form),
  });
}

async function verified(jwt: string, audience: string, at = service) {
  const keys = (await (await fetch(`${at.url}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
  const rules = { typ: 'token-introspection+jwt', issuer: at.issuer, audience, currentDate: at.clock.now() };
  return jwtVerify(jwt, createLocalJWKSet(keys), rules);
}

describe('Signed introspection answers (RFC 9701)', () => {
  it('say the same as the others, inside token_introspection, and nothing of the token outside', async () => {
    const plain = await (await introspect(undefined)).json();
    expect(plain).toMatchObject({ active: true, scope: 'todos:read', token_type: 'Bearer' });
    const answer = await introspect(SIGNED);
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([200, SIGNED, 'no-store']);
    const { payload, protectedHeader } = await verified(await answer.text(), api.id);
    expect(protectedHeader).toEqual({ alg: 'RS256', kid: expect.any(String), typ: 'token-introspection+jwt' });
    const iat = Math.floor(service.clock.now().getTime() / 1000);
    expect(payload).toEqual({ iss: service.issuer, aud: api.id, iat, token_introspection: plain });
  });

  it('are given of what is not active, too', async () => {
    for (const other of ['x', (await signUp(service.url)).refreshToken]) {
      const { payload } = await verified(await (await introspect(SIGNED, { token: other })).text(), api.id);
      expect(payload['token_introspection']).toEqual({ active: false });
    }
  });

  it('are signed by the algorithm of the caller, else that of the service', async () => {
    const own = await resourceServer().withSettings({ introspectionAlgorithm: 'ES256' }).register(service);
    const algorithm = async (caller: TestClient, at = service) => {
      const jwt = await signedIntrospection(at.url, caller, token);
      return (await verified(jwt, caller.id, at)).protectedHeader.alg;
    };
    expect(await algorithm(own)).toBe('ES256');
    const beside = await startService({ beside: service, issuance: { issuer: service.issuer, idTokenAlgorithm: 'ES256' } });
    try {
      expect(await algorithm(api, beside)).toBe('ES256');
    } finally {
      await beside.close();
    }
  });

  it('are given to a caller that authenticates by private_key_jwt', async () => {
    const caller = await AssertingClient.register(resourceServer(), service);
    const body = new URLSearchParams({ token, ...(await caller.form()) });
    const answer = await fetch(`${service.url}/connect/introspect`, { method: 'POST', headers: { accept: SIGNED }, body });
    expect((await verified(await answer.text(), caller.id)).payload['token_introspection']).toMatchObject({ active: true });
  });

  it('cost no further statement', async () => {
    expect(await statementsDuring(() => introspect(SIGNED))).toEqual(['find']);
  });

  it.each([
    undefined,
    '*/*',
    'application/*',
    'application/json',
    `${SIGNED};q=0`,
    `${SIGNED};q=0.1, application/json`,
    'application/jwt',
    '',
    '%',
  ])('are not given for `Accept: %s`', async (accept) => {
    const answer = await introspect(accept);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
    expect(await answer.json()).toMatchObject({ active: true });
  });

  it.each([`text/html, ${SIGNED};q=0.9, */*;q=0.8`, `${SIGNED}, application/json`, SIGNED.toUpperCase()])(
    'are given for `Accept: %s`',
    async (accept) => {
      expect((await introspect(accept)).headers.get('content-type')).toBe(SIGNED);
    },
  );

  it('do not stand for errors, which stay JSON', async () => {
    const wrong = await introspect(SIGNED, { token }, 'x');
    expect([wrong.status, await wrong.json()]).toEqual([401, expect.objectContaining({ error: 'invalid_client' })]);
    const missing = await introspect(SIGNED, {});
    expect([missing.status, await missing.json()]).toEqual([400, expect.objectContaining({ error: 'invalid_request' })]);
    for (const answer of [wrong, missing]) expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  });
});

describe('A signed introspection answer is no access token (RFC 9701 §8.1)', () => {
  let jwt: string;

  beforeAll(async () => {
    // Signed by the key of access tokens, for an audience that APIs go by: nothing but its type and its claims tell it from one.
    const caller = await resourceServer().with({ id: service.issuer }).withSettings({ introspectionAlgorithm: 'ES256' }).register(service);
    jwt = await signedIntrospection(service.url, caller, token);
    expect(claimsOf(jwt)).toMatchObject({ aud: service.issuer, token_introspection: { active: true } });
  });

  it('to no guard, whatever it checks', async () => {
    const apis = await startGuardedApis(service, service);
    try {
      expect(await statuses(apis, token)).toEqual({ signature: 200, entry: 200, introspection: 200 });
      expect(await statuses(apis, jwt)).toEqual({ signature: 401, entry: 401, introspection: 401 });
    } finally {
      await apis.close();
    }
  });

  it('to none of our own endpoints', async () => {
    const anyone = new ProtocolClient(service.url);
    for (const path of ['/auth/me', '/connect/userinfo']) expect((await anyone.json('GET', path, undefined, jwt)).status).toBe(401);
    expect(await (await introspect(undefined, { token: jwt })).json()).toEqual({ active: false });
    const { refreshToken, accessToken } = await signUp(service.url);
    expect((await anyone.json('POST', '/auth/refresh', { refreshToken: jwt })).status).toBe(401);
    expect((await anyone.json('POST', '/auth/refresh', { refreshToken, accessToken: jwt })).status).toBeGreaterThanOrEqual(400);
    expect((await anyone.json('GET', '/auth/me', undefined, accessToken)).status).toBe(200);
  });

  it('to whoever takes id tokens as hints', async () => {
    expect(await service.get(IdTokenHints).read(jwt)).toBeUndefined();
  });

  it('to revocation', async () => {
    const machine = new ProtocolClient(service.url, await confidentialClient().register(service));
    expect((await machine.revoke(jwt)).status).toBe(200);
    expect(await (await introspect(undefined)).json()).toMatchObject({ active: true });
  });
});
