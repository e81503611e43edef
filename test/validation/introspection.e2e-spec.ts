import { EntryType } from '../../src/protocol/entry-key.js';
import { formatToken, newIdentifier } from '../../src/protocol/token-string.js';
import { uuidv7 } from '../../src/protocol/uuid.js';
import { ValidationModule, type ValidationOptions } from '../../src/validation/index.js';
import { TestClock } from '../support/test-clock.js';
import { AUDIENCE, claimsOf, SUBJECT } from './support/claims.js';
import { DISCOVERY, ExternalIssuer, INTROSPECT, type Answer } from './support/external-issuer.js';
import { clockModule, HOSTS, startApi, type RunningApi } from './support/hosts.js';
import { createSigningKey, signJwt } from './support/signed.js';
import { TodosController } from './support/todo.controllers.js';

describe.each(HOSTS)('BearerGuard with introspection (RFC 7662) on %s', (host) => {
  const clock = new TestClock();
  let issuer: ExternalIssuer;
  let api: RunningApi;

  const newToken = (type: EntryType = EntryType.accessToken) =>
    formatToken({ key: { bucket: 20_000, authorizationId: uuidv7(clock.now()), type, number: 5n }, identifier: newIdentifier() });
  const active = (changes: Record<string, unknown> = {}) => ({
    body: { active: true, token_type: 'Bearer', ...claimsOf(issuer.url, clock), ...changes },
  });
  const answer = (given: Answer | (() => Answer | Promise<Answer>)) =>
    issuer.answers.set(INTROSPECT, typeof given === 'function' ? given : () => given);
  const start = (options: Partial<ValidationOptions> = {}) => {
    const credentials = { clientId: 'todo api', clientSecret: 'a+b:ü' };
    const given = { issuer: issuer.url, audience: AUDIENCE, check: 'introspection', ...credentials, ...options } as const;
    return startApi(host, { imports: [clockModule(clock), ValidationModule.forRoot(given)], controllers: [TodosController] });
  };
  const statusOf = async (token: string, at = api) => (await at.get('/todos', token)).status;

  beforeEach(async () => {
    issuer = await ExternalIssuer.start();
    api = await start();
    answer(active());
  });
  afterEach(async () => {
    await api.close();
    await issuer.close();
  });

  it('hands the principal to the handler, for reference tokens and JWTs', async () => {
    const claims = claimsOf(issuer.url, clock, { roles: ['admin'] });
    answer({ body: { active: true, token_type: 'bearer', ...claims } });
    for (const token of [newToken(), signJwt(createSigningKey('ES256'), claims)]) {
      const response = await api.get('/todos', token);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ subject: SUBJECT, client: 'web', roles: ['admin'], claims });
    }
  });

  it('authenticates by client_secret_basic, form-encoded (RFC 6749 §2.3.1)', async () => {
    const token = newToken();
    await api.get('/todos', token);
    const [question] = issuer.questions;
    expect(question?.authorization).toBe(`Basic ${Buffer.from('todo+api:a%2Bb%3A%C3%BC').toString('base64')}`);
    expect(Object.fromEntries(question?.form ?? [])).toEqual({ token, token_type_hint: 'access_token' });
  });

  it('authenticates by client_secret_post when told so, at the configured endpoint', async () => {
    issuer.answers.set('/elsewhere', () => active());
    issuer.answers.set(DISCOVERY, () => ({ status: 500 }));
    const post = await start({ clientAuthentication: 'client_secret_post', introspectionEndpoint: `${issuer.url}/elsewhere` });
    expect(await statusOf(newToken(), post)).toBe(200);
    const [question] = issuer.questions;
    expect(question?.authorization).toBeUndefined();
    expect(question?.form.get('client_id')).toBe('todo api');
    expect(question?.form.get('client_secret')).toBe('a+b:ü');
    await post.close();
  });

  it('asks once for 50 requests that carry one token at the same time', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    answer(async () => (await gate, active()));
    const token = newToken();
    const requests = Array.from({ length: 50 }, () => statusOf(token));
    // All have arrived once the question is there and the API has had time for the rest.
    while (issuer.count(INTROSPECT) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 100));
    release();
    expect(new Set(await Promise.all(requests))).toEqual(new Set([200]));
    expect(issuer.count(INTROSPECT)).toBe(1);
  });

  it('believes a positive answer for 5 s', async () => {
    const token = newToken();
    expect(await statusOf(token)).toBe(200);
    answer({ body: { active: false } });
    clock.advance(4.999);
    expect(await statusOf(token)).toBe(200);
    expect(issuer.count(INTROSPECT)).toBe(1);
    clock.advance(0.001);
    expect(await statusOf(token)).toBe(401);
    expect(issuer.count(INTROSPECT)).toBe(2);
  });

  it('never believes it beyond exp', async () => {
    const token = newToken();
    answer(active({ exp: Math.floor(clock.now().getTime() / 1000) + 2 }));
    expect(await statusOf(token)).toBe(200);
    clock.advance(2);
    expect(await statusOf(token)).toBe(401);
  });

  it('asks every time with the cache off', async () => {
    const uncached = await start({ introspectionCache: 0 });
    const token = newToken();
    expect(await statusOf(token, uncached)).toBe(200);
    expect(await statusOf(token, uncached)).toBe(200);
    expect(issuer.count(INTROSPECT)).toBe(2);
    await uncached.close();
  });

  it('does not remember negative answers', async () => {
    const token = newToken();
    answer({ body: { active: false } });
    expect(await statusOf(token)).toBe(401);
    answer(active());
    expect(await statusOf(token)).toBe(200);
  });

  const refusals: readonly (readonly [name: string, changes: Record<string, unknown>])[] = [
    ['not active', { active: false }],
    ['active as a text', { active: 'true' }],
    ['no token_type', { token_type: undefined }],
    ['another token_type', { token_type: 'refresh_token' }],
    ['token_type DPoP', { token_type: 'DPoP' }],
    ['another audience', { aud: 'https://other.example.com' }],
    ['no audience', { aud: undefined }],
    ['another issuer', { iss: 'https://other.example.com' }],
    ['expired', { exp: 1 }],
    ['no expiry', { exp: undefined }],
    ['not yet valid', { nbf: 99_999_999_999 }],
    ['no client', { client_id: undefined }],
    ['a scope of the wrong form', { scope: ['a'] }],
  ];
  it.each(refusals)('refuses an answer: %s', async (_name, changes) => {
    answer(active(changes));
    const response = await api.get('/todos', newToken());
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
  });

  it('accepts an answer without iss', async () => {
    answer(active({ iss: undefined }));
    expect(await statusOf(newToken())).toBe(200);
  });

  it.each([
    ['an id token', () => signJwt(createSigningKey('ES256'), {}, { typ: 'JWT' })],
    ['a JWT without typ', () => signJwt(createSigningKey('ES256'), {}, { typ: undefined })],
    ['a refresh token', () => newToken(EntryType.refreshToken)],
    ['a code', () => newToken(EntryType.authorizationCode)],
    ['a truncated reference token', () => newToken().slice(0, -1)],
  ])('refuses %s without asking', async (_name, make) => {
    expect(await statusOf(make())).toBe(401);
    expect(issuer.count(INTROSPECT)).toBe(0);
  });

  const outages: readonly (readonly [name: string, answer: Answer, log: RegExp])[] = [
    ['401', { status: 401, body: { error: 'invalid_client' } }, /clientSecret/],
    ['403', { status: 403 }, /permit the client/],
    ['400', { status: 400, body: { error: 'unauthorized_client' } }, /status 400; permit the client/],
    ['404', { status: 404 }, /404/],
    ['429', { status: 429, headers: { 'retry-after': '7' } }, /429/],
    ['500', { status: 500, body: { active: true } }, /500/],
    ['a redirect', { status: 307, headers: { location: '/elsewhere' } }, /307/],
    ['no JSON', { body: '<html>' }, /not JSON/],
    ['a JSON list', { body: '[]' }, /no JSON object/],
    ['silence', { silent: true }, /in time/],
  ];
  it.each(outages)('answers 503 with Retry-After to %s, and says so in the log', async (name, given, logged) => {
    const hasty = await start({ requestTimeout: 0.3 });
    answer(given);
    const token = newToken();
    const response = await hasty.get('/todos', token);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe(name === '429' ? '7' : '5');
    expect(response.headers.get('www-authenticate')).toBeNull();
    expect(await response.json()).toMatchObject({ error: 'temporarily_unavailable' });
    expect(hasty.log.filter(({ level, text }) => level === 'error' && logged.test(text))).toHaveLength(1);
    expect(hasty.log.some(({ text }) => text.includes(token))).toBe(false);
    answer(active());
    expect(await statusOf(token, hasty)).toBe(200);
    await hasty.close();
  });

  it('answers 503 while the issuer is away, and 200 when it is back', async () => {
    const token = newToken();
    await issuer.close();
    expect(await statusOf(token)).toBe(503);
    await issuer.open();
    clock.advance(2);
    expect(await statusOf(token)).toBe(200);
  });

  it('answers 503 when the issuer names no endpoint, and the log says what to do', async () => {
    issuer.answers.set(DISCOVERY, () => ({ body: { ...issuer.metadata(), introspection_endpoint: undefined } }));
    expect(await statusOf(newToken())).toBe(503);
    expect(api.log.some(({ level, text }) => level === 'error' && text.includes('introspectionEndpoint'))).toBe(true);
  });

  it('has no more questions under way than allowed; those that wait get their turn', async () => {
    const narrow = await start({ introspectionConcurrency: 2 });
    let underWay = 0;
    let most = 0;
    answer(async () => {
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setTimeout(resolve, 20));
      underWay--;
      return active();
    });
    const statuses = await Promise.all(Array.from({ length: 12 }, () => statusOf(newToken(), narrow)));
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(most).toBe(2);
    await narrow.close();
  });

  it('turns away who would only wait in vain: 503', async () => {
    const narrow = await start({ introspectionConcurrency: 1, requestTimeout: 1 });
    answer({ silent: true });
    const requests = Array.from({ length: 30 }, () => statusOf(newToken(), narrow));
    const first = await Promise.race(requests.map(async (request) => ({ status: await request, at: issuer.count(INTROSPECT) })));
    expect(first).toEqual({ status: 503, at: expect.any(Number) as number });
    expect(first.at).toBeLessThanOrEqual(1);
    answer(active());
    expect(new Set(await Promise.all(requests))).toEqual(new Set([200, 503]));
    await narrow.close();
  });
});
