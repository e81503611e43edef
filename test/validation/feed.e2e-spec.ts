import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { bucketOf, EntryType, formatTokenId } from '../../src/protocol/entry-key.js';
import { formatToken, newAccessNumber, newIdentifier } from '../../src/protocol/token-string.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { KeyStore } from '../../src/storage/key.store.js';
import { PostgresStorageModule } from '../../src/storage/postgres/postgres-storage.module.js';
import { RevocationLogStore } from '../../src/storage/revocation-log.store.js';
import { HealthModule } from '../../src/service/health/health.module.js';
import { FeedSource } from '../../src/validation/feed/feed-source.js';
import { RevocationFeed } from '../../src/validation/feed/revocation-feed.js';
import {
  FeedCheck,
  FeedStatus,
  IntrospectionCheck,
  Principal,
  refused,
  TokenCheck,
  ValidationModule,
  type ValidationOptions,
  type Verdict,
} from '../../src/validation/index.js';
import { IntrospectionClient } from '../../src/validation/introspection/introspection-client.js';
import { SignedTokenVerifier } from '../../src/validation/signed-token/signed-token-verifier.js';
import { VALIDATION_OPTIONS, type ResolvedValidationOptions } from '../../src/validation/validation.options.js';
import { CommandLine } from '../service/support/command-line.js';
import { confidentialClient, resourceServer } from '../support/clients.js';
import { onServer } from '../support/on-server.js';
import { ProtocolClient, signUp } from '../support/protocol-client.js';
import { startReachableService } from '../support/reachable-service.js';
import { startService, type TestService } from '../support/service-app.js';
import { statementsDuring } from '../support/statement-count.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { clockModule, startApi, type RunningApi } from './support/hosts.js';
import { TodosController } from './support/todo.controllers.js';

const APP = { id: 'first-party', secret: undefined };

type Person = Awaited<ReturnType<typeof signUp>>;

let jwts: TestService;
let references: TestService;
let proxy: TcpProxy;
const role = `reader_${randomBytes(6).toString('hex')}`;

/** An API by itself, with a log-in that may read only, behind a line that can be cut. */
const start = (options: Partial<ValidationOptions> = {}): Promise<RunningApi> =>
  startApi(
    'Fastify',
    {
      imports: [
        PostgresStorageModule.forRoot({ url: proxy.url, connectionTimeout: 500 }),
        ValidationModule.forRoot({ issuer: jwts.issuer, audience: jwts.issuer, check: 'feed', ...options }),
      ],
      controllers: [TodosController],
    },
    jwts.clock,
  );
const statusOf = async (api: RunningApi, token: string) => (await api.get('/todos', token)).status;
const feedOf = (api: RunningApi) => api.app.get(FeedStatus, { strict: false });
const ofRequests = statementsDuring;

/** Asks again and again; the time-out of the test is the bound. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(10);
}
const untilStatus = (api: RunningApi, token: string, status: number) => until(async () => (await statusOf(api, token)) === status);
const untilState = (api: RunningApi, state: string) => until(() => feedOf(api).state === state);
const asAdministrator = (sql: string) => onServer(jwts.database.url, (client) => client.query(sql));

beforeAll(async () => {
  jwts = await startReachableService({ issuance: { backchannelLogout: false } });
  const issuance = { backchannelLogout: false, issuer: jwts.issuer, referenceAccessTokens: true };
  references = await startService({ beside: jwts, issuance });
  const password = randomBytes(12).toString('hex');
  await asAdministrator(`create role ${role} login password '${password}' in role countersign_reader`);
  const url = new URL(jwts.database.url);
  url.username = role;
  url.password = password;
  proxy = new TcpProxy(url.href);
  await proxy.open();
});
afterAll(async () => {
  await references?.close();
  await proxy?.cut();
  await jwts?.close();
  const server = new URL(jwts.database.url);
  server.pathname = '/postgres';
  await onServer(server.href, (client) => client.query(`drop role if exists ${role}`));
});

describe.each([
  ['JWT', () => jwts],
  ['reference token', () => references],
])('What was ended elsewhere is refused by a guard that follows the log: a %s', (format, serviceOf) => {
  let api: RunningApi;
  const app = () => new ProtocolClient(serviceOf().url, APP);
  const bearer = (method: string, path: string, token: string, body?: unknown) =>
    new ProtocolClient(serviceOf().url).json(method, path, body, token);
  const login = async ({ email, password }: Pick<Person, 'email' | 'password'>) =>
    (await new ProtocolClient(serviceOf().url).json('POST', '/auth/login', { email, password })).body as Pick<
      Person,
      'accessToken' | 'refreshToken'
    >;
  const cli = new CommandLine(() => ({
    DATABASE_URL: jwts.database.url,
    MASTER_KEY: jwts.masterKey.toString('base64url'),
    ISSUER: jwts.issuer,
  }));

  beforeAll(async () => void (api = await start()));
  afterAll(() => api.close());

  it('is what it says', async () => {
    const { accessToken } = await signUp(serviceOf().url);
    expect(accessToken.startsWith('cs_at_')).toBe(format === 'reference token');
  });

  const endings: readonly (readonly [string, (person: Person) => Promise<unknown>])[] = [
    ['revoked at the endpoint', ({ accessToken }) => app().revoke(accessToken)],
    ['whose refresh token was revoked', ({ refreshToken }) => app().revoke(refreshToken)],
    ['whose person logged out', ({ refreshToken }) => app().json('POST', '/auth/logout', { refreshToken })],
    [
      'whose refresh token was used twice',
      async ({ refreshToken }) => {
        const { body } = await app().refresh(refreshToken);
        await app().refresh(body.refresh_token);
        expect((await app().refresh(refreshToken)).status).toBe(400);
      },
    ],
    [
      'of another session, when the password was changed',
      async ({ email, password }) => {
        const { accessToken } = await login({ email, password });
        const body = { currentPassword: password, newPassword: 'wrong donkey charger nail' };
        expect((await bearer('POST', '/auth/change-password', accessToken, body)).status).toBe(204);
      },
    ],
    ['revoked on the command line', ({ accessToken }) => cli.done('token revoke -', { stdin: accessToken })],
    ['whose session was ended on the command line', ({ email }) => cli.done(`session end ${email} --all`)],
    ['whose person was disabled on the command line', ({ email }) => cli.done(`user disable ${email}`)],
  ];
  it.each(endings)('%s', async (_name, end) => {
    const [person, other] = [await signUp(serviceOf().url), await signUp(serviceOf().url)];
    expect([await statusOf(api, person.accessToken), await statusOf(api, other.accessToken)]).toEqual([200, 200]);
    const { denials } = feedOf(api);
    await end(person);
    await untilStatus(api, person.accessToken, 401);
    expect(feedOf(api).denials).toBe(denials + 1);
    expect(await ofRequests(() => statusOf(api, person.accessToken))).toEqual([]);
    expect(await statusOf(api, other.accessToken)).toBe(200);
  });

  it('of a disabled client; what it gets once it is enabled, in the same second, is good', async () => {
    const registered = await confidentialClient().register(jwts);
    const client = new ProtocolClient(serviceOf().url, registered);
    const issue = async () => (await client.token({ grant_type: 'client_credentials' })).body.access_token as string;
    const before = await issue();
    expect(await statusOf(api, before)).toBe(200);
    const clients = jwts.get(ClientStore);
    await clients.setEnabled(registered.id, false, jwts.clock.now());
    await untilStatus(api, before, 401);
    await clients.setEnabled(registered.id, true, jwts.clock.now());
    const after = await issue();
    expect([await statusOf(api, before), await statusOf(api, after)]).toEqual([401, 200]);
    // Their dates are the same: the entry was asked, once for each.
    expect(await ofRequests(() => Promise.all([statusOf(api, before), statusOf(api, after)]))).toEqual([]);
  });

  it('does not take along what the person gets by signing in again at once', async () => {
    const person = await signUp(serviceOf().url);
    expect(await statusOf(api, person.accessToken)).toBe(200);
    expect((await bearer('DELETE', '/auth/sessions', person.accessToken)).status).toBe(204);
    await cli.done(`session end ${person.email} --all`);
    await cli.done(`user end ${person.email}`);
    const again = await login(person);
    await untilStatus(api, person.accessToken, 401);
    expect(await statusOf(api, again.accessToken)).toBe(200);
  });

  it('and otherwise nobody is asked: no statement for a request, but to see a reference token for the first time', async () => {
    const { accessToken } = await signUp(serviceOf().url);
    await statusOf(api, (await signUp(serviceOf().url)).accessToken); // keys are known
    const first = await ofRequests(() => Promise.all(Array.from({ length: 8 }, () => statusOf(api, accessToken))));
    expect(first).toEqual(format === 'JWT' ? [] : ['find']);
    const more = await ofRequests(async () => {
      for (let i = 0; i < 5; i++) expect(await statusOf(api, accessToken)).toBe(200);
    });
    expect(more).toEqual([]);
  });

  it('nor for one that was ended before the guard had seen it', async () => {
    const { accessToken } = await signUp(serviceOf().url);
    const { held } = feedOf(api);
    await app().revoke(accessToken);
    await until(() => feedOf(api).held > held);
    expect(await ofRequests(async () => expect(await statusOf(api, accessToken)).toBe(401))).toEqual([]);
  });

  it('and what has expired is refused without being looked up', async () => {
    const { accessToken } = await signUp(serviceOf().url);
    expect(await statusOf(api, accessToken)).toBe(200);
    const askedThreeTimes = async (token: string) => {
      for (let time = 1; time <= 3; time++) expect(await statusOf(api, token)).toBe(401);
    };
    jwts.clock.advance(900);
    try {
      // Seen to fail: from the second time on, each request with an expired reference token was a query.
      expect(await ofRequests(() => askedThreeTimes(accessToken))).not.toContain('find');
    } finally {
      jwts.clock.advance(-900);
    }
    const { accessToken: unseen } = await signUp(serviceOf().url);
    jwts.clock.advance(3 * 86_400);
    try {
      expect(await ofRequests(() => askedThreeTimes(unseen))).not.toContain('find');
    } finally {
      jwts.clock.advance(-3 * 86_400);
    }
  });
});

it('Forged and foreign reference tokens are refused', async () => {
  const api = await start();
  const { accessToken, refreshToken } = await signUp(references.url);
  const forged = accessToken.slice(0, -4) + (accessToken.endsWith('AAAA') ? 'BBBB' : 'AAAA');
  for (const token of [forged, refreshToken, refreshToken.replace('cs_rt_', 'cs_at_'), accessToken.slice(0, -1)]) {
    expect(await statusOf(api, token)).toBe(401);
  }
  expect(await statusOf(api, accessToken)).toBe(200);
  await api.close();
  const elsewhere = await start({ audience: 'https://other.example.com' });
  expect(await statusOf(elsewhere, accessToken)).toBe(401);
  await elsewhere.close();
});

describe('While the database cannot be reached', () => {
  const OPTIONS = { check: { onStale: 'check' }, deny: { onStale: 'deny' }, allow: { onStale: 'allow', maxBlind: 2 } } as const;
  const apis = new Map<string, RunningApi>();
  const of = (name: keyof typeof OPTIONS) => apis.get(name) as RunningApi;
  afterAll(() => Promise.all([...apis.values()].map((api) => api.close())));

  it('a guard decides alone for maxStale, then as onStale says; and it recovers by itself', async () => {
    for (const [name, options] of Object.entries(OPTIONS)) apis.set(name, await start({ maxStale: 1, ...options }));
    const [jwt, reference, unseen, revoked] = [
      (await signUp(jwts.url)).accessToken,
      (await signUp(references.url)).accessToken,
      (await signUp(references.url)).accessToken,
      (await signUp(jwts.url)).accessToken,
    ];
    await new ProtocolClient(jwts.url, APP).revoke(revoked);
    for (const api of apis.values()) {
      expect([await statusOf(api, jwt), await statusOf(api, reference)]).toEqual([200, 200]);
      await untilStatus(api, revoked, 401);
      expect(feedOf(api).state).toBe('fresh');
    }
    await proxy.cut();
    expect([await statusOf(of('check'), jwt), await statusOf(of('deny'), reference)]).toEqual([200, 200]);
    for (const api of apis.values()) await untilState(api, 'blind');

    // Known as revoked is revoked, come what may.
    for (const api of apis.values()) expect(await statusOf(api, revoked)).toBe(401);
    for (const token of [jwt, reference]) {
      for (const name of ['check', 'deny'] as const) {
        const answer = await of(name).get('/todos', token);
        expect([answer.status, Number(answer.headers.get('retry-after')) > 0]).toEqual([503, true]);
      }
      expect(await statusOf(of('allow'), token)).toBe(200);
    }
    expect(await statusOf(of('allow'), unseen)).toBe(503);
    expect(of('allow').log.some(({ level, text }) => level === 'warn' && text.includes('may have been revoked'))).toBe(true);
    await untilStatus(of('allow'), jwt, 503);

    const { accessToken: late } = await signUp(jwts.url);
    await new ProtocolClient(jwts.url, APP).revoke(late);
    await proxy.open();
    for (const api of apis.values()) {
      await untilState(api, 'fresh');
      expect([await statusOf(api, jwt), await statusOf(api, reference), await statusOf(api, late)]).toEqual([200, 200, 401]);
    }
    expect(of('check').log.some(({ level, text }) => level === 'error' && text.includes('Nothing was heard of revocations'))).toBe(true);
  });

  it('logs no token', () => {
    expect(of('check').log.filter(({ text }) => /eyJ|cs_[ar]t_[\w-]{10}/.test(text))).toEqual([]);
  });
});

describe('While the log cannot be read but entries can', () => {
  it('a guard that has just started looks each token up, and follows as soon as it may', async () => {
    await asAdministrator('revoke select on revocation_log from countersign_reader');
    const { accessToken } = await signUp(jwts.url);
    const api = await start({ maxStale: 1 });
    try {
      expect([feedOf(api).state, feedOf(api).age]).toEqual(['cold', undefined]);
      expect(feedOf(api).text()).toContain('countersign_feed_age_seconds +Inf\n');
      expect(api.log.some(({ level, text }) => level === 'error' && text.includes('permission denied'))).toBe(true);
      // One look for however many requests at once, and none while its answer is believed.
      const statements = await ofRequests(async () => {
        const statuses = await Promise.all(Array.from({ length: 20 }, () => statusOf(api, accessToken)));
        expect(new Set([...statuses, await statusOf(api, accessToken)])).toEqual(new Set([200]));
      });
      expect(statements).toEqual(['find']);
      await new ProtocolClient(jwts.url, APP).revoke(accessToken);
      await untilStatus(api, accessToken, 401);
      expect(feedOf(api).denials).toBe(0);
    } finally {
      await asAdministrator('grant select on revocation_log to countersign_reader');
    }
    await untilState(api, 'fresh');
    expect([await statusOf(api, accessToken), feedOf(api).denials]).toEqual([401, 1]);
    expect(feedOf(api).held).toBeGreaterThan(0);
    expect(feedOf(api).text()).toMatch(
      /^# TYPE countersign_feed_age_seconds gauge\ncountersign_feed_age_seconds \d[\d.e-]*\n[^]*_state\{state="fresh"\} 1\n[^]*_denials_total 1\n$/,
    );
    await api.close();
  });
});

it('A service whose own guards use the feed shows it where it says that it is ready', async () => {
  const validation = ValidationModule.forRoot({ issuer: jwts.issuer, audience: jwts.issuer, check: 'feed', maxStale: 1 });
  const service = await startService({ beside: jwts, issuance: { backchannelLogout: false, imports: [validation, HealthModule] } });
  const ready = async () => (await new ProtocolClient(service.url).send('/health/ready', {})).body;
  expect(await ready()).toEqual({
    status: 'ready',
    feed: { state: 'fresh', age: expect.any(Number), held: expect.any(Number), denials: 0 },
  });
  service.get(FeedSource).stop();
  await until(async () => (await ready()).feed.state === 'blind');
  expect(await ready()).toMatchObject({ status: 'not ready', failing: ['feed'], feed: { state: 'blind' } });
  await service.close();
});

describe('An exact check', () => {
  const claims = (client: string) => {
    const now = jwts.clock.now().getTime() / 1000;
    const key = {
      bucket: bucketOf(jwts.clock.now()),
      authorizationId: randomUUID(),
      type: EntryType.accessToken,
      number: newAccessNumber(),
    };
    const token = formatToken({ key, identifier: newIdentifier() });
    const principal = Principal.fromClaims({ sub: 'a', client_id: client, jti: formatTokenId(key), iat: now, exp: now + 900 });
    return { token, verdict: { accepted: true, principal } as Verdict };
  };
  /** Answers when it is told to. */
  class SlowCheck extends TokenCheck {
    readonly asked: ((verdict: Verdict) => void)[] = [];
    override check(): Promise<Verdict> {
      return new Promise((resolve) => this.asked.push(resolve));
    }
  }
  const checkOf = (api: RunningApi, exact: TokenCheck, changes: Partial<ResolvedValidationOptions> = {}) => {
    const get = <T>(token: abstract new (...args: never[]) => T) => api.app.get<T>(token as never, { strict: false });
    const options = api.app.get<ResolvedValidationOptions>(VALIDATION_OPTIONS, { strict: false });
    return new FeedCheck({ ...options, ...changes }, jwts.clock, get(SignedTokenVerifier), get(RevocationFeed), exact);
  };
  let api: RunningApi;
  beforeAll(async () => void (api = await start({ exactConcurrency: 2 })));
  afterAll(() => api.close());

  it('that was asked before the client ended is not believed after it', async () => {
    const { id } = await confidentialClient().register(jwts);
    const { token, verdict } = claims(id);
    const exact = new SlowCheck();
    const checking = checkOf(api, exact).check(token);
    await until(() => exact.asked.length === 1);
    const { held } = feedOf(api);
    await jwts.get(ClientStore).setEnabled(id, false, jwts.clock.now());
    await until(() => feedOf(api).held > held);
    exact.asked[0]?.(verdict);
    await until(() => exact.asked.length === 2);
    exact.asked[1]?.(refused('ended'));
    expect(await checking).toEqual(refused('ended'));
  });

  it('that never comes is not waited for', async () => {
    const check = checkOf(api, new SlowCheck(), { requestTimeout: 0.05 });
    await expect(check.check(claims('web').token)).rejects.toThrow('no answer in time');
  });

  it('is made of few tokens at a time, however many come, and once for each', async () => {
    const exact = new SlowCheck();
    const check = checkOf(api, exact);
    const tokens = Array.from({ length: 42 }, () => claims('web'));
    const checks = tokens.flatMap(({ token }) => [check.check(token), check.check(token)]);
    await expect(check.check(claims('web').token)).rejects.toThrow('too many');
    for (const [n, { verdict }] of tokens.entries()) {
      await until(() => exact.asked.length > n);
      expect(exact.asked.length).toBeLessThanOrEqual(n + 2);
      exact.asked[n]?.(verdict);
    }
    expect((await Promise.all(checks)).every(({ accepted }) => accepted)).toBe(true);
    expect(exact.asked).toHaveLength(42);
  });
});

describe('Where the log is followed but entries cannot be read', () => {
  it('tokens are introspected where need be, and cached answers end with the token', async () => {
    const registered = await resourceServer().register(jwts);
    const log = { provide: RevocationLogStore, useValue: jwts.get(RevocationLogStore) };
    class LogModule {}
    const credentials = { clientId: registered.id, clientSecret: registered.secret ?? '' };
    const validation = ValidationModule.forRoot({
      issuer: jwts.issuer,
      audience: jwts.issuer,
      check: 'feed',
      introspectionCache: 60,
      ...credentials,
    });
    const imports = [clockModule(jwts.clock), { module: LogModule, global: true, providers: [log], exports: [log] }, validation];
    const api = await startApi('Express', { imports, controllers: [TodosController] });
    const get = <T>(token: abstract new (...args: never[]) => T) => api.app.get<T>(token as never, { strict: false });
    const options = api.app.get<ResolvedValidationOptions>(VALIDATION_OPTIONS, { strict: false });
    const cached = new IntrospectionCheck(options, jwts.clock, get(IntrospectionClient), get(RevocationFeed));

    const { accessToken, refreshToken } = await signUp(references.url);
    const ask = async () => [await statusOf(api, accessToken), (await cached.check(accessToken)).accepted];
    expect(await ask()).toEqual([200, true]);
    expect(await ofRequests(async () => expect(await ask()).toEqual([200, true]))).toEqual([]);
    await new ProtocolClient(jwts.url, APP).revoke(refreshToken);
    await untilStatus(api, accessToken, 401);
    expect(await ask()).toEqual([401, false]);
    await api.close();
  });
});

it('Everything that a revoked signing key has signed is refused, though it is published still', async () => {
  const api = await start();
  const { accessToken } = await signUp(jwts.url);
  expect(await statusOf(api, accessToken)).toBe(200);
  const { kid } = JSON.parse(Buffer.from(accessToken.split('.')[0] ?? '', 'base64url').toString());
  await jwts.get(KeyStore).revoke(kid, jwts.clock.now());
  await untilStatus(api, accessToken, 401);
  expect(feedOf(api).denials).toBe(1);
  await api.close();
});
