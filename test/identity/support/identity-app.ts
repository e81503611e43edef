import { Global, Module, type DynamicModule, type LoggerService } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { IdentityModule, type IdentityModuleExtras } from '../../../src/identity/identity.module.js';
import type { IdentityModuleOptions } from '../../../src/identity/identity.options.js';
import { FirstPartyTokens } from '../../../src/identity/first-party-tokens.js';
import { OwnTokens } from '../../../src/identity/own-tokens.js';
import { Argon2, type Argon2Parameters } from '../../../src/identity/passwords/argon2.js';
import { Clock } from '../../../src/protocol/clock.js';
import { ClientStore } from '../../../src/storage/client.store.js';
import { MaintenanceStore } from '../../../src/storage/maintenance.store.js';
import { PostgresStorageModule } from '../../../src/storage/postgres/postgres-storage.module.js';
import { createDatabase, type TestDatabase } from '../../support/postgres.js';
import { TestClock } from '../../support/test-clock.js';
import { EntryTokens, FIRST_PARTY } from './entry-tokens.js';

/** The real binding, which also tells how often it was asked and how much at once. */
export class CountedArgon2 extends Argon2 {
  hashed = 0;
  verified: string[] = [];
  most = 0;
  private running = 0;

  override hash(password: string, parameters: Argon2Parameters): Promise<string> {
    this.hashed++;
    return this.counted(() => super.hash(password, parameters));
  }

  override verify(passwordHash: string, password: string): Promise<boolean> {
    this.verified.push(passwordHash);
    return this.counted(() => super.verify(passwordHash, password));
  }

  private async counted<T>(work: () => Promise<T>): Promise<T> {
    this.most = Math.max(this.most, ++this.running);
    try {
      return await work();
    } finally {
      this.running--;
    }
  }
}

@Global()
@Module({
  providers: [EntryTokens, { provide: FirstPartyTokens, useExisting: EntryTokens }, { provide: OwnTokens, useExisting: EntryTokens }],
  exports: [FirstPartyTokens, OwnTokens],
})
class EntryTokensModule {}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  /** Of JSON; undefined for an empty body. */
  readonly body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- assertions look into it as a client would
  readonly text: string;
}

export interface RequestOptions {
  readonly body?: unknown;
  /** Sent as it is, in place of `body`. */
  readonly raw?: string | Buffer;
  readonly token?: string;
  readonly headers?: Record<string, string>;
  readonly address?: string;
}

export class IdentityApp {
  constructor(
    readonly app: NestFastifyApplication,
    readonly clock: TestClock,
    readonly database: TestDatabase,
    readonly log: string[],
  ) {}

  get argon2(): CountedArgon2 {
    return this.app.get(Argon2);
  }

  get<T>(type: abstract new (...args: never[]) => T): T {
    return this.app.get(type as never, { strict: false });
  }

  async request(method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, options: RequestOptions = {}): Promise<Answer> {
    const { body, raw, token, headers = {}, address = '192.0.2.1' } = options;
    const json = raw === undefined && body !== undefined;
    const answer = await this.app.inject({
      method,
      url,
      remoteAddress: address,
      headers: {
        ...(json && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(json ? { payload: JSON.stringify(body) } : raw !== undefined && { payload: raw }),
    });
    const text = answer.payload;
    return { status: answer.statusCode, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text), text };
  }

  post(path: string, body?: unknown, options: RequestOptions = {}): Promise<Answer> {
    return this.request('POST', `/auth/${path}`, { body, ...options });
  }

  /** A new person, signed in. */
  async register(email = newEmail(), password = GOOD_PASSWORD): Promise<{ email: string; password: string; id: string } & Answer['body']> {
    const answer = await this.post('register', { email, password }, { address: freshAddress() });
    if (answer.status !== 201) throw new Error(`registering answered ${answer.status}: ${answer.text}`);
    return { ...answer.body, email, password, id: answer.body.user.id };
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.database.drop();
  }
}

export const GOOD_PASSWORD = 'blue kettle 7 sparrows';

let counter = 0;
export const newEmail = (): string => `person${++counter}@example.test`;

/** One that no test has used: nothing was counted under it yet. */
export const freshAddress = (): string => `10.${(++counter >> 16) & 255}.${(counter >> 8) & 255}.${counter & 255}`;

export interface AppOptions {
  readonly options?: IdentityModuleOptions & IdentityModuleExtras;
  /** In place of `options`. */
  readonly module?: DynamicModule;
  /** Of another app: two instances on one database. */
  readonly sharing?: IdentityApp;
}

/** The sign-in API over HTTP on a database of its own, on a clock the test moves. */
export async function createIdentityApp({
  options = {},
  module: identity = IdentityModule.forRoot(options),
  sharing,
}: AppOptions = {}): Promise<IdentityApp> {
  const database = sharing?.database ?? (await createDatabase());
  const clock = sharing?.clock ?? new TestClock();
  const log: string[] = [];
  const module = await Test.createTestingModule({
    imports: [PostgresStorageModule.forRoot({ url: database.url }), EntryTokensModule, identity],
  })
    .overrideProvider(Clock)
    .useValue(clock)
    .overrideProvider(Argon2)
    .useClass(CountedArgon2)
    .setLogger(recorder(log))
    .compile();
  const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  if (!sharing) {
    await app.get(MaintenanceStore).prepare(clock.now());
    const permissions = { endpoints: [], grantTypes: [], scopes: [], resources: [] };
    const uris = { redirectUris: [], postLogoutRedirectUris: [], allowedOrigins: [] };
    const client = {
      id: FIRST_PARTY,
      displayName: 'App',
      type: 'public',
      authenticationMethod: 'none',
      permissions,
      ...uris,
      settings: {},
    } as const;
    await app.get(ClientStore).insert(client, clock.now());
  }
  return new IdentityApp(app, clock, database, log);
}

function recorder(lines: string[]): LoggerService {
  const write = (...parts: unknown[]): void =>
    void lines.push(parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' '));
  return { log: write, error: write, warn: write, debug: write, verbose: write, fatal: write };
}
