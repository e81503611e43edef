import fc from 'fast-check';
import { OAUTH_ERROR_STATUS } from '../../src/protocol/oauth-error.js';
import { codeChallenge } from '../../src/protocol/pkce.js';
import { basic } from '../bad-input/support/bad-input.js';
import { AssertingClient, clientKey } from '../support/assertions.js';
import { confidentialClient, resourceServer, type TestClient } from '../support/clients.js';
import { CodeFlow, codeClient, type IssuedCode } from '../support/code-flow.js';
import { DatabaseRows } from '../support/database-rows.js';
import { claimsOf } from '../support/jwt.js';
import { ProtocolClient, signUp } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';
import { fuzz, INSIDE, LONGEST } from './fuzz.js';
import { API_ROUTES, DOCUMENTS, FORM_ROUTES, fuzzRequest, MARKER, USERINFO, VERIFIER, type Genuine } from './requests.js';
import { closeConnections, send, sendRaw, type FuzzAnswer, type FuzzRequest } from './send.js';

let service: TestService;
let rows: DatabaseRows;
let genuine: Genuine;
let flow: CodeFlow;
let code: IssuedCode;
let precious: { accessToken: string; refreshToken: string; machineToken: string };
let api: ProtocolClient;

beforeAll(async () => {
  const plenty = { limit: 1_000_000, window: 60 };
  const patient = { free: 1_000_000 };
  service = await startService({
    issuance: { tokenRequestsPerMinute: 0 },
    identity: {
      lockOut: { account: patient, address: patient, refresh: patient },
      rateLimits: { signInsPerAccount: plenty, signInsPerAddress: plenty, registrationsPerAddress: plenty, refreshesPerAddress: plenty },
    },
  });
  rows = await DatabaseRows.open(service.database.url);
  const machine = await confidentialClient().withScopes('todos:read').register(service);
  const byPost = await confidentialClient()
    .with({ authenticationMethod: 'client_secret_post' })
    .withSettings({ referenceAccessTokens: true })
    .register(service);
  flow = await CodeFlow.of(service, codeClient('public'));
  const guard = await resourceServer().register(service);
  api = new ProtocolClient(service.url, guard);
  const machineToken = async (client: TestClient): Promise<string> => {
    const credentials = { grant_type: 'client_credentials', client_id: client.id, client_secret: client.secret ?? '' };
    const asMachine = new ProtocolClient(service.url, client === machine ? machine : undefined);
    return (await asMachine.token(client === machine ? { grant_type: 'client_credentials' } : credentials)).body.access_token;
  };
  const signing = await AssertingClient.register(confidentialClient().withScopes('todos:read'), service);
  const stranger = signing.with(await clientKey());
  const kept = await signUp(service.url);
  const used: Awaited<ReturnType<typeof signUp>>[] = [];
  for (let n = 0; n < 6; n++) used.push(await signUp(service.url));
  code = await flow.issue({ scopes: ['openid', 'offline_access'] });
  const codes: string[] = [];
  for (let n = 0; n < 30; n++) codes.push((await flow.issue({ codeChallenge: codeChallenge(VERIFIER) })).code);
  precious = { accessToken: kept.accessToken, refreshToken: kept.refreshToken, machineToken: await machineToken(byPost) };
  const clients = [machine, guard];
  genuine = {
    expendable: [
      ...used.flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken]),
      ...codes,
      await machineToken(machine),
      await machineToken(byPost),
    ],
    precious: [...Object.values(precious), code.code],
    clients: clients.map(basic),
    clientIds: [...clients, byPost, flow.client].map(({ id }) => id).concat('first-party'),
    secrets: [...clients, byPost].map(({ secret }) => secret ?? ''),
    assertions: await Promise.all([
      ...Array.from({ length: 40 }, () => signing.sign()),
      ...[
        stranger.sign(),
        signing.sign({ exp: 1 }),
        signing.sign({ aud: 'x' }),
        signing.sign({ jti: undefined }),
        signing.sign({ sub: 'x' }),
      ],
    ]),
    // Not the account of the precious chain: whoever has the right password may end all of it.
    accounts: used.map(({ email, password }) => ({ email, password })),
  };
});
afterAll(async () => {
  closeConnections();
  await rows.close();
  await service.close();
});

function expectTame({ method, path }: FuzzRequest, answer: FuzzAnswer): void {
  const { status, headers, text } = answer;
  expect(status).toBeLessThan(500);
  expect(text).not.toContain(MARKER);
  expect(JSON.stringify(headers)).not.toContain(MARKER);
  expect(headers['x-powered-by']).toBeUndefined();
  // What is no address, or has a part too long, the router refuses before any hook of ours: only who makes the adapter can word that (`frameworkErrors`).
  if (status < 400 || status === 414 || !isAddress(path)) return;
  expect(text).not.toMatch(INSIDE);
  if (method === 'HEAD') return;
  // Refused by the HTTP parser: no endpoint has seen it.
  if (status === 431) return;
  if ([...FORM_ROUTES, ...DOCUMENTS].some((known) => known === path)) expectOAuthError(answer);
  if (path === USERINFO) {
    // RFC 6750 §3: no error for whoever sent no token.
    if (status === 401) expect(headers['www-authenticate']).toMatch(/^Bearer/);
    else expectOAuthError(answer);
  }
  if (API_ROUTES.some(([, at]) => at === path)) expectProblem(answer);
}

function isAddress(path: string): boolean {
  try {
    return decodeURIComponent(path).startsWith('/');
  } catch {
    return false;
  }
}

function expectOAuthError({ headers, text }: FuzzAnswer): void {
  expect(headers['content-type']).toMatch(/^application\/json/);
  const body = JSON.parse(text) as Record<string, unknown>;
  expect(Object.keys(OAUTH_ERROR_STATUS)).toContain(body['error']);
  expect(Object.keys(body).filter((name) => name !== 'error' && name !== 'error_description')).toEqual([]);
}

function expectProblem({ status, headers, text }: FuzzAnswer): void {
  expect(headers['content-type']).toMatch(/^application\/problem\+json(; charset=utf-8)?$/);
  expect(JSON.parse(text)).toMatchObject({ type: expect.stringMatching(/^urn:countersign:problem:[a-z-]+$/) as string, status });
}

describe('Whatever is sent', () => {
  it(
    'is answered, never with a 5xx, and by nothing that tells of the inside',
    async () => {
      let sent = 0;
      await fuzz({
        name: 'endpoints',
        input: fuzzRequest(genuine),
        runs: { usual: 500, soak: 2_500 },
        outcome: async (request) => {
          // Wrong credentials are counted; only the first of them would be looked at.
          if (sent++ % 10 === 0) await rows.forgetFailures();
          const answer = await send(service.url, request);
          if (answer) expectTame(request, answer);
          return answer && String(answer.status);
        },
        expected: ['200'],
      });
    },
    LONGEST,
  );

  it(
    'is refused or closed when it is no HTTP',
    async () => {
      const line = fc.constantFrom(
        'GET / HTTP/1.1',
        'POST /connect/token HTTP/1.1',
        'POST /auth/login HTTP/1.1',
        'POST /connect/token',
        'POST /connect/token HTTP/9.9',
        'GET \0 HTTP/1.1',
        '\x16\x03\x01\x02',
        'PRI * HTTP/2.0',
      );
      const header = fc.oneof(
        fc.constantFrom(
          'Host: x',
          'Content-Length: 5',
          'Content-Length: -1',
          'Content-Length: 99999999999999999999',
          'Transfer-Encoding: chunked',
          'Transfer-Encoding: identity, chunked',
          'Authorization: \0',
          'Authorization: Basic é',
          ': x',
          'Content-Type: application/x-www-form-urlencoded',
          `X: ${'y'.repeat(20_000)}`,
          'Connection: close',
          'Expect: 100-continue',
          'Upgrade: websocket',
        ),
        fc.string({ unit: 'binary-ascii' }),
      );
      const body = fc.oneof(
        fc.constantFrom('', 'a=b', '5\r\na=b&c\r\n0\r\n\r\n', 'zz\r\n', 'POST / HTTP/1.1\r\n\r\n'),
        fc.string({ unit: 'binary-ascii' }),
      );
      await fuzz({
        name: 'what is no HTTP',
        input: fc.tuple(line, fc.array(header, { maxLength: 5 }), body),
        runs: { usual: 100, soak: 1_000 },
        outcome: async ([first, headers, rest]) => {
          const answer = await sendRaw(service.url, Buffer.from([first, ...headers, '', rest].join('\r\n'), 'latin1'));
          expect(answer).not.toMatch(/^HTTP\/1\.1 5/);
          expect(answer).not.toMatch(INSIDE);
          return answer.slice(9, 12);
        },
        expected: ['400'],
      });
    },
    LONGEST,
  );

  // Found by the fuzz: reading such a body into its class followed it down to the end of the stack, which was answered with 500.
  it.each(API_ROUTES.filter(([method]) => method === 'POST'))(
    'is no overflow when it is nested three thousand levels deep: %s %s',
    async (method, path) => {
      const body = Buffer.from(`${'{"email":'.repeat(3_000)}1${'}'.repeat(3_000)}`);
      const headers = [['content-type', 'application/json'] as const, ['authorization', `Bearer ${precious.accessToken}`] as const];
      const answer = await send(service.url, { method, path, headers, body, chunked: false });
      expect(answer?.status).toBe(400);
      expectProblem(answer as FuzzAnswer);
    },
  );

  it('leaves alone what it did not hold the tokens of', async () => {
    const app = new ProtocolClient(service.url, { id: 'first-party', secret: undefined });
    expect((await api.introspect(precious.accessToken)).body).toMatchObject({ active: true });
    expect((await api.introspect(precious.machineToken)).body).toMatchObject({ active: true });
    expect((await app.json('GET', '/auth/me', undefined, precious.accessToken)).status).toBe(200);
    const refreshed = await app.refresh(precious.refreshToken);
    expect(refreshed.status).toBe(200);
    expect(claimsOf(refreshed.body.access_token).lnk).toBe(1);
    expect((await api.introspect(refreshed.body.access_token)).body.active).toBe(true);
    expect((await flow.redeem(code)).status).toBe(200);
  });
});
