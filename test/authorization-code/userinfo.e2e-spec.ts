import { Accounts, type Account } from '../../src/identity/accounts/accounts.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { confidentialClient } from '../support/clients.js';
import { CodeFlow, codeClient, person, signedIn, type Approval } from '../support/code-flow.js';
import { exchange } from '../support/exchange.js';
import { onServer } from '../support/on-server.js';
import { ProtocolClient, signUp, type Answer } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const PATH = '/connect/userinfo';
const ORIGIN = 'https://spa.example';

let service: TestService;
let flow: CodeFlow;
let ada: Account;

beforeAll(async () => {
  service = await startService();
  flow = await CodeFlow.of(service, codeClient('public').with({ allowedOrigins: [ORIGIN] }));
  ada = await person(service, {
    emailVerified: true,
    displayName: 'Ada Lovelace',
    roles: ['editor'],
    claims: { given_name: 'Ada', locale: 'en-GB', phone_number: '+44 20 0000 0000', address: { country: 'GB' }, shoe_size: 38 },
  });
});
afterAll(() => service.close());

async function accessToken(approval: Approval = {}, by = flow): Promise<string> {
  const session = approval.session ?? (await signedIn(service, ada));
  return (await by.redeem(await by.issue({ ...approval, session }))).body.access_token;
}

const ask = (token: string, method = 'GET', at = service.url): Promise<Answer> =>
  new ProtocolClient(at).send(PATH, { method, headers: { authorization: `Bearer ${token}` } });

/** Status, error code, and what the challenge says of it. */
const refusal = ({ status, body, headers }: Answer) => [
  status,
  body.error,
  /error="([^"]*)"/.exec(headers.get('www-authenticate') ?? '')?.[1],
];

describe('Userinfo (OpenID Connect Core §5.3)', () => {
  it.each<[scopes: string, claims: () => object]>([
    ['openid', () => ({})],
    ['openid profile', () => ({ name: 'Ada Lovelace', given_name: 'Ada', locale: 'en-GB' })],
    ['openid email', () => ({ email: ada.email, email_verified: true })],
    ['openid phone', () => ({ phone_number: '+44 20 0000 0000' })],
    ['openid address', () => ({ address: { country: 'GB' } })],
    ['openid roles', () => ({ roles: ['editor'] })],
    ['openid offline_access', () => ({})],
  ])('tells by the scopes %s', async (scopes, claims) => {
    const token = await accessToken({ scopes: scopes.split(' ') });
    for (const method of ['GET', 'POST']) {
      const { status, headers, body } = await ask(token, method);
      expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(headers.get('content-type')).toMatch(/^application\/json/);
      expect(body).toEqual({ sub: ada.id, ...claims() });
      expect(Object.keys(body)[0]).toBe('sub');
    }
  });

  it('takes a reference token, and one that is meant for an API', async () => {
    const byReference = await CodeFlow.of(service, codeClient('public').withSettings({ referenceAccessTokens: true }));
    expect((await ask(await accessToken({ resources: ['https://todos.example'] }, byReference))).body).toEqual({ sub: ada.id });
  });

  it('goes by the scopes of the token, not of the grant', async () => {
    const session = await signedIn(service, ada);
    const { body } = await flow.redeem(await flow.issue({ session, scopes: ['openid', 'email', 'offline_access'] }));
    const narrow = (await flow.api.refresh(body.refresh_token, { scope: 'openid' })).body.access_token;
    expect((await ask(narrow)).body).toEqual({ sub: ada.id });
    const without = (await flow.api.refresh(body.refresh_token, { scope: 'email' })).body.access_token;
    expect(refusal(await ask(without))).toEqual([403, 'insufficient_scope', 'insufficient_scope']);
  });

  it('tells what is so at this moment', async () => {
    const mutable = await person(service, { displayName: 'Before' });
    const token = await accessToken({ scopes: ['openid', 'profile'], session: await signedIn(service, mutable) });
    expect((await ask(token)).body.name).toBe('Before');
    // The row itself: there is no port that renames a person.
    await onServer(service.database.url, (client) => client.query(`update users set display_name = 'After' where id = $1`, [mutable.id]));
    expect((await ask(token)).body.name).toBe('After');
  });
});

describe('Userinfo refuses (RFC 6750 §3)', () => {
  it('whoever sends no token, without an error code', async () => {
    for (const headers of [undefined, { authorization: 'Basic eDp5' }]) {
      for (const method of ['GET', 'POST']) {
        const answer = await new ProtocolClient(service.url).send(PATH, { method, ...(headers && { headers }) });
        expect([answer.status, answer.headers.get('www-authenticate'), answer.body.error]).toEqual([401, 'Bearer', undefined]);
        expect(answer.headers.get('cache-control')).toBe('no-store');
      }
    }
  });

  it('a token in the form or in the query (RFC 9700 §4.3.2)', async () => {
    const token = await accessToken();
    const form = await new ProtocolClient(service.url).form(PATH, { access_token: token });
    const query = await new ProtocolClient(service.url).send(`${PATH}?access_token=${token}`, {});
    for (const answer of [form, query]) expect([answer.status, answer.body.error, answer.body.sub]).toEqual([401, undefined, undefined]);
  });

  it('a header that is malformed', async () => {
    const token = await accessToken();
    for (const authorization of ['Bearer', 'Bearer a b', 'Bearer "x"', `Bearer ${token},${token}`]) {
      const answer = await new ProtocolClient(service.url).send(PATH, { headers: { authorization } });
      expect(refusal(answer)).toEqual([400, 'invalid_request', 'invalid_request']);
    }
  });

  it('a token without scope openid, and says which it needs', async () => {
    const answer = await ask(await accessToken({ scopes: ['profile', 'email'] }));
    expect(refusal(answer)).toEqual([403, 'insufficient_scope', 'insufficient_scope']);
    expect(answer.headers.get('www-authenticate')).toContain('scope="openid"');
  });

  it('tokens of the sign-in API, and of machines: they have no such scope', async () => {
    const machine = new ProtocolClient(service.url, await confidentialClient().register(service));
    const tokens = [(await signUp(service.url)).accessToken, (await machine.token({ grant_type: 'client_credentials' })).body.access_token];
    for (const token of tokens) expect(refusal(await ask(token))).toEqual([403, 'insufficient_scope', 'insufficient_scope']);
  });

  it.each<[name: string, token: () => Promise<string>]>([
    ['nonsense', async () => 'x'],
    ['a forged signature', async () => `${(await accessToken()).slice(0, -8)}AAAAAAAA`],
    ['a refresh token', async () => (await flow.redeem(await flow.issue({ scopes: ['openid', 'offline_access'] }))).body.refresh_token],
    ['a code', async () => (await flow.issue()).code],
    ['an id token', async () => (await flow.redeem(await flow.issue())).body.id_token],
    [
      'an expired token',
      async () => {
        const token = await accessToken();
        service.clock.advance(900);
        return token;
      },
    ],
    [
      'a revoked token, though its signature is good',
      async () => {
        const token = await accessToken();
        await flow.api.revoke(token);
        return token;
      },
    ],
    [
      'a token whose code was replayed',
      async () => {
        const issued = await flow.issue();
        const { body } = await flow.redeem(issued);
        await flow.redeem(issued);
        return body.access_token;
      },
    ],
    [
      'the token of a disabled person',
      async () => {
        const bob = await person(service);
        const token = await accessToken({ session: await signedIn(service, bob) });
        expect((await ask(token)).status).toBe(200);
        await service.get(Accounts).setEnabled(bob.id, false);
        return token;
      },
    ],
    [
      'the token of a disabled client',
      async () => {
        const other = await CodeFlow.of(service, codeClient('public'));
        const token = await accessToken({}, other);
        await service.get(ClientStore).setEnabled(other.client.id, false, service.clock.now());
        return token;
      },
    ],
  ])('%s', async (_, token) => {
    const answer = await ask(await token());
    expect(refusal(answer)).toEqual([401, 'invalid_token', 'invalid_token']);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it.each(['PUT', 'DELETE', 'PATCH'])('the method %s', async (method) => {
    const { status, headers } = await ask(await accessToken(), method);
    expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
  });

  it.each<[type: string, body: string]>([
    ['application/json', '{'],
    ['application/xml', '<a/>'],
    ['application/x-www-form-urlencoded', `access_token=${'x'.repeat(70_000)}`],
  ])('never fails on a body that it does not read (%s)', async (type, body) => {
    const { status, text } = await exchange(service.url, { path: PATH, headers: { 'content-type': type }, body });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(text).not.toMatch(/FST_|Error:|statusCode/);
  });
});

describe('Userinfo in browsers (CORS)', () => {
  const from = (origin: string, init: RequestInit = {}) =>
    new ProtocolClient(service.url).send(PATH, { ...init, headers: { ...(init.headers as Record<string, string>), origin } });

  it('is read by pages of the client’s own origins only', async () => {
    const headers = { authorization: `Bearer ${await accessToken()}` };
    const own = await from(ORIGIN, { headers });
    expect([own.headers.get('access-control-allow-origin'), own.headers.get('vary')]).toEqual([ORIGIN, 'Origin']);
    expect(own.headers.get('access-control-allow-credentials')).toBeNull();
    await CodeFlow.of(service, codeClient('public').with({ allowedOrigins: ['https://other.example'] }));
    expect((await from('https://other.example', { headers })).headers.get('access-control-allow-origin')).toBeNull();
  });

  it('tells pages of any client’s origins why it was refused, and no others', async () => {
    for (const headers of [{}, { authorization: 'Bearer junk' }] as Record<string, string>[]) {
      const refused = await from(ORIGIN, { headers });
      expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, ORIGIN]);
      expect(refused.headers.get('access-control-expose-headers')).toContain('www-authenticate');
      expect((await from('https://evil.example', { headers })).headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('answers a preflight for an origin that any client allows', async () => {
    const headers = { 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' };
    const { status, headers: answered } = await from(ORIGIN, { method: 'OPTIONS', headers });
    expect([status, answered.get('access-control-allow-origin')]).toEqual([204, ORIGIN]);
    expect(answered.get('access-control-allow-headers')).toContain('authorization');
    expect((await from('https://evil.example', { method: 'OPTIONS', headers })).headers.get('access-control-allow-origin')).toBeNull();
  });
});

it('Userinfo and the token endpoint say 503 while the database is away, and work when it is back', async () => {
  const proxy = new TcpProxy(service.database.url);
  await proxy.open();
  const far = await startService({ beside: { ...service, database: { ...service.database, url: proxy.url } } });
  far.app.useLogger(false);
  try {
    const there = new CodeFlow(far, flow.client);
    const issued = await flow.issue({ session: await signedIn(service, ada) });
    const token = await accessToken();
    expect((await ask(token, 'GET', far.url)).status).toBe(200);
    await there.redeem(await there.issue());
    await proxy.cut();
    for (const answer of [await ask(token, 'GET', far.url), await there.redeem(issued)]) {
      expect([answer.status, answer.headers.get('retry-after'), answer.body.error]).toEqual([503, '1', 'temporarily_unavailable']);
    }
    await proxy.open();
    expect((await ask(token, 'GET', far.url)).status).toBe(200);
    expect((await there.redeem(issued)).status).toBe(200);
  } finally {
    await far.close();
    await proxy.cut();
  }
});

it('The metadata say what there is to ask for (OpenID Connect Discovery §3)', async () => {
  const metadata = async (at: TestService) => (await new ProtocolClient(at.url).json('GET', '/.well-known/openid-configuration')).body;
  expect(await metadata(service)).toMatchObject({
    userinfo_endpoint: `${service.issuer}/connect/userinfo`,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256', 'ES256'],
    claim_types_supported: ['normal'],
    claims_supported: expect.arrayContaining(['sub', 'auth_time', 'nonce', 'sid', 'name', 'email', 'address', 'phone_number', 'roles']),
    scopes_supported: expect.arrayContaining(['openid', 'offline_access', 'profile', 'email', 'phone', 'address', 'roles']),
    grant_types_supported: expect.arrayContaining(['authorization_code', 'refresh_token']),
  });
  const without = await startService({ beside: service, issuance: { endpoints: { userinfo: false, authorization: false } } });
  try {
    const left = await metadata(without);
    expect(left.userinfo_endpoint).toBeUndefined();
    expect(left.claims_supported).not.toContain('email');
    expect(left.scopes_supported).not.toContain('openid');
    const answer = await ask(await accessToken(), 'GET', without.url);
    expect(answer.status).toBe(404);
  } finally {
    await without.close();
  }
});
