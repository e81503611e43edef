import { Injectable, Module, Scope, type ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  CheckUnavailableError,
  IssuerKeys,
  Principal,
  refused,
  SignatureCheck,
  TokenCheck,
  ValidationModule,
  type KeySet,
  type ValidationOptions,
  type Verdict,
} from '../../src/validation/index.js';
import { StorageUnavailableError } from '../../src/storage/storage-unavailable.error.js';
import { TestClock } from '../support/test-clock.js';
import { AUDIENCE, claimsOf } from './support/claims.js';
import { clockModule, HOSTS, startApi } from './support/hosts.js';
import { createSigningKey, signJwt } from './support/signed.js';
import { TodosController } from './support/todo.controllers.js';

const ISSUER = 'https://id.example.com';
const clock = new TestClock();
const signer = createSigningKey('ES256');

const boot = (options: object): Promise<unknown> =>
  Test.createTestingModule({ imports: [ValidationModule.forRoot(options as ValidationOptions)] }).compile();
const messageOf = async (booting: Promise<unknown>): Promise<string> => {
  const error = await booting.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof Error ? error.message : 'started';
};

describe('Options of ValidationModule', () => {
  it('names every fault at once, each with what to change', async () => {
    const message = await messageOf(
      boot({
        issuer: 'http://id.example.com/?a#b',
        audience: [],
        check: 'entry',
        algorithms: ['HS256'],
        clockTolerance: 61,
        realm: 'a"b',
        jwksLastGood: 5,
        introspectionCache: -1,
        introspectionConcurrency: 1.5,
        introspectionEndpoint: 'http://id.example.com/introspect',
        revocationFeedEndpoint: 'id.example.com/revocations',
        feedTransport: '',
        clientAuthentication: 'none',
        keys: 'x',
        audiance: 'typo',
      }),
    );
    expect(message).toMatch(/^ValidationModule cannot start:\n/);
    const named = message
      .split('\n')
      .slice(1)
      .map((line) => /^- (\w+): .+\.$/.exec(line)?.[1]);
    expect(named).toEqual([
      ...['issuer', 'issuer', 'audience', 'algorithms', 'realm', 'check', 'clientAuthentication', 'introspectionEndpoint'],
      ...['revocationFeedEndpoint', 'feedTransport', 'keys'],
      ...['clockTolerance', 'jwksLastGood', 'introspectionCache', 'introspectionConcurrency', 'audiance'],
    ]);
  });

  const faults: readonly (readonly [options: object, named: string])[] = [
    [{ issuer: undefined }, 'issuer'],
    [{ issuer: 'id.example.com' }, 'issuer'],
    [{ issuer: 'https://user:secret@id.example.com' }, 'issuer'],
    [{ issuer: 'http://localhost.example.com' }, 'issuer'],
    [{ issuer: 'http://10.0.0.1' }, 'issuer'],
    [{ issuer: 'ftp://localhost' }, 'issuer'],
    [{ audience: undefined }, 'audience'],
    [{ audience: '' }, 'audience'],
    [{ audience: ['a', ''] }, 'audience'],
    [{ check: 'feeling' }, 'check'],
    [{ check: 'entry' }, 'PostgresStorageModule'],
    [{ check: 'introspection', clientId: 'a' }, 'clientSecret'],
    [{ check: 'introspection', clientSecret: 'a' }, 'clientId'],
    [{ check: 'introspection', clientId: '', clientSecret: 'a' }, 'clientId'],
    [{ algorithms: [] }, 'algorithms'],
    [{ algorithms: ['none'] }, 'algorithms'],
    [{ algorithms: 'ES256' }, 'algorithms'],
    [{ clockTolerance: -1 }, 'clockTolerance'],
    [{ clockTolerance: NaN }, 'clockTolerance'],
    [{ clockTolerance: '5' }, 'clockTolerance'],
    [{ cacheSize: -1 }, 'cacheSize'],
    [{ jwksMaxAge: 0 }, 'jwksMaxAge'],
    [{ jwksLastGood: 86_401 }, 'jwksLastGood'],
    [{ jwksCooldown: 0 }, 'jwksCooldown'],
    [{ requestTimeout: 0 }, 'requestTimeout'],
    [{ introspectionCache: 61 }, 'introspectionCache'],
    [{ check: 'feed', clientId: 'a' }, "clientSecret: check 'feed' needs"],
    [{ feedTransport: 'websocket' }, "'auto', 'stream' or 'poll'"],
    [{ revocationFeedEndpoint: 'http://id.example.com/revocations' }, 'revocationFeedEndpoint: use an https URL'],
    [{ onStale: 'ignore' }, 'onStale'],
    [{ maxStale: 0.5 }, 'maxStale'],
    [{ maxStale: 61 }, 'maxStale'],
    [{ maxBlind: 0 }, 'maxBlind'],
    [{ exactConcurrency: 1.5 }, 'exactConcurrency'],
  ];
  it.each(faults)('refuses %j', async (options, named) => {
    const message = await messageOf(boot({ issuer: ISSUER, audience: AUDIENCE, ...options }));
    expect(message.split('\n')).toHaveLength(2);
    expect(message).toContain(named);
  });

  it.each([ISSUER, 'http://localhost:3000', 'http://127.0.0.1:3000', 'http://[::1]:3000', 'https://example.com/tenant'])(
    'accepts the issuer %s',
    async (issuer) => {
      expect(await messageOf(boot({ issuer, audience: AUDIENCE }))).toBe('started');
    },
  );

  it('follows revocations over HTTP where the database is not, with a client of the issuer', async () => {
    const options = { clientId: 'a', clientSecret: 'b', revocationFeedEndpoint: 'https://feed.example.com/' };
    expect(await messageOf(boot({ issuer: ISSUER, audience: AUDIENCE, check: 'feed', ...options }))).toBe('started');
  });

  it('names both ways to follow revocations', async () => {
    const message = await messageOf(boot({ issuer: ISSUER, audience: AUDIENCE, check: 'feed' }));
    expect(message).toMatch(/- clientId: .*PostgresStorageModule.*\n- clientSecret: .*PostgresStorageModule/);
  });

  it('never prints a secret', async () => {
    const message = await messageOf(
      boot({ issuer: ISSUER, audience: [], check: 'introspection', clientId: 'api', clientSecret: 's3cret' }),
    );
    expect(message).toContain('audience');
    expect(message).not.toContain('s3cret');
  });

  it('refuses no options at all, also from a factory', async () => {
    expect(await messageOf(boot({}))).toMatch(/issuer[^]*audience/);
    const module = ValidationModule.forRootAsync({ useFactory: () => undefined as unknown as ValidationOptions });
    const message = await messageOf(Test.createTestingModule({ imports: [module] }).compile());
    expect(message).toMatch(/issuer[^]*audience/);
  });
});

/** An issuer's own keys, as the service that issues the tokens provides them. */
@Injectable()
class OwnKeys extends IssuerKeys {
  static lookUps = 0;

  override current(): Promise<KeySet> {
    return Promise.resolve({
      epoch: 0,
      find: (kid) => (++OwnKeys.lookUps && kid === signer.kid ? { kid, key: signer.publicKey } : undefined),
    });
  }

  override again(): Promise<KeySet> {
    return this.current();
  }
}

@Injectable()
class BanList {
  readonly banned = new Set<string>();
}

@Module({ providers: [BanList], exports: [BanList] })
class BanModule {}

@Injectable()
class BanCheck extends TokenCheck {
  static initialised = 0;

  constructor(
    private readonly signature: SignatureCheck,
    private readonly list: BanList,
  ) {
    super();
  }

  onModuleInit(): void {
    BanCheck.initialised++;
  }

  override async check(token: string): Promise<Verdict> {
    if (token === 'unavailable') throw new CheckUnavailableError('the ban list is away', { retryAfter: 2.5 });
    if (token === 'storage') throw new StorageUnavailableError(new Error('inner'));
    if (token === 'broken') throw new Error('broken within');
    const verdict = await this.signature.check(token);
    return verdict.accepted && this.list.banned.has(verdict.principal.subject ?? '') ? refused('banned') : verdict;
  }
}

describe.each(HOSTS)('An application of its own on %s', (host) => {
  const signed = (changes = {}) => signJwt(signer, claimsOf(ISSUER, clock, changes));
  const api = (metadata: ModuleMetadata) =>
    startApi(host, { ...metadata, imports: [clockModule(clock), ...(metadata.imports ?? [])], controllers: [TodosController] });

  it('brings its own check, with dependencies and life cycle', async () => {
    BanCheck.initialised = 0;
    const validation = ValidationModule.forRoot({
      issuer: ISSUER,
      audience: AUDIENCE,
      check: BanCheck,
      keys: OwnKeys,
      imports: [BanModule],
    });
    const running = await api({ imports: [validation] });
    expect(BanCheck.initialised).toBe(1);
    expect((await running.get('/todos', signed())).status).toBe(200);
    running.app.get(BanList, { strict: false }).banned.add('mallory');
    expect((await running.get('/todos', signed({ sub: 'mallory' }))).status).toBe(401);

    const away = await running.get('/todos', 'unavailable');
    expect([away.status, away.headers.get('retry-after')]).toEqual([503, '3']);
    expect((await running.get('/todos', 'storage')).status).toBe(503);
    const broken = await running.get('/todos', 'broken');
    expect(broken.status).toBe(500);
    expect(await broken.text()).not.toContain('within');
    await running.close();
  });

  it('is configured by forRootAsync', async () => {
    @Module({ providers: [{ provide: 'audience', useValue: AUDIENCE }], exports: ['audience'] })
    class Configuration {}
    const validation = ValidationModule.forRootAsync({
      imports: [Configuration, BanModule],
      inject: ['audience'],
      useFactory: (audience: string) => Promise.resolve({ issuer: ISSUER, audience, check: BanCheck, keys: OwnKeys }),
    });
    const running = await api({ imports: [validation] });
    expect((await running.get('/todos', signed())).status).toBe(200);
    expect((await running.get('/todos', signed({ aud: 'x' }))).status).toBe(401);
    await running.close();
  });

  it('may keep the guard to the modules that import it', async () => {
    const local = ValidationModule.forRoot({ issuer: ISSUER, audience: AUDIENCE, keys: OwnKeys, isGlobal: false });
    @Module({ imports: [local], controllers: [TodosController] })
    class Todos {}
    const running = await startApi(host, { imports: [clockModule(clock), Todos] });
    expect((await running.get('/todos', signed())).status).toBe(200);
    await running.close();

    @Module({ controllers: [TodosController] })
    class Elsewhere {}
    const start = Test.createTestingModule({ imports: [local, Elsewhere] }).compile();
    await expect(start).rejects.toThrow(/BearerGuard/);
  });

  it('takes a request-scoped check for a mistake at start', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Late {}
    @Module({ providers: [Late], exports: [Late] })
    class LateModule {}
    @Injectable()
    class LateCheck extends TokenCheck {
      constructor(readonly late: Late) {
        super();
      }
      override check(): Promise<Verdict> {
        return Promise.resolve(refused('never'));
      }
    }
    const validation = ValidationModule.forRoot({ issuer: ISSUER, audience: AUDIENCE, check: LateCheck, imports: [LateModule] });
    await expect(Test.createTestingModule({ imports: [validation] }).compile()).rejects.toThrow();
  });

  it.each([
    [0, 10],
    [2, 10],
    [5, 5],
    [10_000, 5],
  ])('with cacheSize %i verifies five tokens that come round twice %i times', async (cacheSize, verifications) => {
    const validation = ValidationModule.forRoot({ issuer: ISSUER, audience: AUDIENCE, keys: OwnKeys, cacheSize });
    const running = await api({ imports: [validation] });
    const tokens = Array.from({ length: 5 }, () => signed());
    OwnKeys.lookUps = 0;
    for (const token of [...tokens, ...tokens]) expect((await running.get('/todos', token)).status).toBe(200);
    expect(OwnKeys.lookUps).toBe(verifications);
    await running.close();
  });

  it('lets go of the token that was used least recently', async () => {
    const validation = ValidationModule.forRoot({ issuer: ISSUER, audience: AUDIENCE, keys: OwnKeys, cacheSize: 2 });
    const running = await api({ imports: [validation] });
    const [a, b, c] = [signed(), signed(), signed()];
    OwnKeys.lookUps = 0;
    for (const token of [a, b, a, c, a]) expect((await running.get('/todos', token)).status).toBe(200);
    expect(OwnKeys.lookUps).toBe(3);
    expect((await running.get('/todos', b)).status).toBe(200);
    expect(OwnKeys.lookUps).toBe(4);
    await running.close();
  });
});

describe('Principal', () => {
  const claims = () => claimsOf(ISSUER, clock, { address: { city: 'Ulm' } });

  it('cannot be changed, since it serves several requests', () => {
    const principal = Principal.fromClaims(claims());
    expect(() => ((principal as { subject: unknown }).subject = 'x')).toThrow(TypeError);
    expect(() => (principal?.scopes as string[]).push('x')).toThrow(TypeError);
    expect(() => ((principal?.claims.address as { city: string }).city = 'x')).toThrow(TypeError);
    const before = principal?.expiresAt.getTime();
    principal?.expiresAt.setTime(0);
    expect(principal?.expiresAt.getTime()).toBe(before);
  });

  it.each([{ sub: 1 }, { sub: '' }, { exp: '1' }, { exp: Infinity }, { jti: null }, { client_id: {} }, { scope: 'a  b' }, { scope: 1 }])(
    'is not made of claims of the wrong form: %j',
    (changes) => {
      expect(Principal.fromClaims({ ...claims(), ...changes })).toBeUndefined();
    },
  );

  it('has no roles but texts', () => {
    expect(Principal.fromClaims({ ...claims(), roles: 'admin' })?.roles).toEqual([]);
    expect(Principal.fromClaims({ ...claims(), roles: [{ value: 'admin' }, 'user'] })?.roles).toEqual(['user']);
  });
});
