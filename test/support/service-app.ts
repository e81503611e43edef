import { randomBytes } from 'node:crypto';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { IdentityModule, type IdentityModuleExtras } from '../../src/identity/identity.module.js';
import type { IdentityModuleOptions } from '../../src/identity/identity.options.js';
import { IssuanceModule, type IssuanceModuleExtras } from '../../src/issuance/issuance.module.js';
import type { IssuanceOptions } from '../../src/issuance/issuance.options.js';
import { Clock } from '../../src/protocol/clock.js';
import { PostgresStorageModule } from '../../src/storage/postgres/postgres-storage.module.js';
import { TEST_MASTER_KEY } from './first-start.js';
import { Argon2 } from '../../src/identity/passwords/argon2.js';
import { QuickArgon2 } from './quick-argon2.js';
import { createDatabase, type TestDatabase } from './postgres.js';
import { EMPTY, STARTED } from './template.js';
import { TestClock } from './test-clock.js';

export interface TestServiceOptions {
  readonly issuance?: Partial<IssuanceOptions> & IssuanceModuleExtras;
  readonly identity?: IdentityModuleOptions & IdentityModuleExtras;
  /** Another instance on the same database and master key. */
  readonly beside?: TestService;
  readonly clock?: Clock;
  /** To listen on; one is chosen if it is not given. */
  readonly port?: number;
  /** Keys and a master key that no other test's service has. Takes a while. */
  readonly ownKeys?: boolean;
}

/** The real modules behind real HTTP, on a clock the test moves. */
export interface TestService {
  readonly app: NestFastifyApplication;
  readonly clock: TestClock;
  readonly database: TestDatabase;
  readonly masterKey: Buffer;
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly issuer: string;
  get<T>(provider: abstract new (...args: never[]) => T): T;
  close(): Promise<void>;
}

export const ISSUER = 'http://localhost:3000';

/** A test that presents hundreds of bad tokens from one address is no attack. */
const PATIENT = { refusedGrants: { free: 1_000_000 } };

export async function startService({
  issuance = {},
  identity = {},
  beside,
  clock: given,
  port = 0,
  ownKeys = false,
}: TestServiceOptions = {}): Promise<TestService> {
  const database = beside?.database ?? (await createDatabase(ownKeys ? EMPTY : STARTED));
  const masterKey = beside?.masterKey ?? (ownKeys ? randomBytes(32) : TEST_MASTER_KEY);
  const clock = (given ?? beside?.clock ?? new TestClock()) as TestClock;
  const { grants = [], imports = [], ...options } = issuance;
  const storage = options.tokenStorage ?? true;
  const module = await Test.createTestingModule({
    imports: [
      PostgresStorageModule.forRoot({ url: database.url, poolSize: 20 }),
      IdentityModule.forRoot({ storage, argon2: { memoryCost: 17_500, timeCost: 2, parallelism: 1 }, ...identity }),
      IssuanceModule.forRoot({ issuer: ISSUER, masterKey, ...PATIENT, ...options, grants, imports }),
    ],
  })
    .overrideProvider(Clock)
    .useValue(clock)
    .overrideProvider(Argon2)
    .useValue(new QuickArgon2())
    .compile();
  const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: ['error', 'fatal'] });
  // What was begun before it was refused would go on in the tests after this one.
  await app.listen(port, '127.0.0.1').catch(async (refusal: unknown) => {
    await app.close();
    throw refusal;
  });
  return {
    app,
    clock,
    database,
    masterKey,
    url: (await app.getUrl()).replace('[::1]', '127.0.0.1'),
    issuer: options.issuer ?? ISSUER,
    get: (provider) => app.get(provider as never, { strict: false }),
    close: async () => {
      await app.close();
      if (!beside) await database.drop();
    },
  };
}
