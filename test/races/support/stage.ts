import { randomBytes } from 'node:crypto';
import { Test } from '@nestjs/testing';
import { createLocalJWKSet, type JWTVerifyGetKey } from 'jose';
import pg from 'pg';
import { Clock } from '../../../src/protocol/clock.js';
import { PostgresStorageModule } from '../../../src/storage/postgres/postgres-storage.module.js';
import { resourceServer, type ClientBuilder, type TestClient } from '../../support/clients.js';
import { createDatabase, type TestDatabase } from '../../support/postgres.js';
import { ProtocolClient } from '../../support/protocol-client.js';
import { startServiceProcess, type ServiceProcess, type ServiceProcessOptions } from '../../support/start-service-process.js';

/** Two service processes on one database, and the stores of a third party beside them: an operator, or somebody who looks. */
export interface Stage {
  readonly database: TestDatabase;
  readonly services: readonly [ServiceProcess, ServiceProcess];
  readonly clock: Clock;
  /** Introspects every token, at either service. */
  readonly observers: readonly [ProtocolClient, ProtocolClient];
  readonly keys: JWTVerifyGetKey;
  get<T>(provider: abstract new (...args: never[]) => T): T;
  register(client: ClientBuilder): Promise<TestClient>;
  /** A client's connection to either service. */
  clients(client: TestClient): readonly [ProtocolClient, ProtocolClient];
  query<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

export type StageOptions = Omit<Partial<ServiceProcessOptions>, 'databaseUrl' | 'masterKey' | 'port'> & {
  /** What only one of the two gets. */
  readonly each?: readonly [Partial<ServiceProcessOptions>, Partial<ServiceProcessOptions>];
  /** Runs before anything connects. */
  readonly prepare?: (database: TestDatabase) => Promise<void>;
};

// A test that refuses a thousand tokens from one address is no attack.
const PATIENT = { free: 1_000_000, firstBlock: 30, longestBlock: 900, forgetAfter: 86_400 };
const MANY = { limit: 1_000_000, window: 60 };
const UNLIMITED = {
  lockOut: { account: PATIENT, address: PATIENT, refresh: PATIENT },
  rateLimits: { signInsPerAccount: MANY, signInsPerAddress: MANY, registrationsPerAddress: MANY, refreshesPerAddress: MANY },
};

export async function openStage({ each = [{}, {}], prepare, identity, ...options }: StageOptions = {}): Promise<Stage> {
  const database = await createDatabase();
  await prepare?.(database);
  const masterKey = randomBytes(32).toString('hex');
  const common = { databaseUrl: database.url, masterKey, identity: { ...UNLIMITED, ...identity }, ...options };
  // Both at once: on a fresh database they also race for the first keys and partitions.
  const services = await Promise.all([
    startServiceProcess({ ...common, ...each[0] }),
    startServiceProcess({ ...common, ...each[1] }),
  ] as const);
  const stores = await Test.createTestingModule({
    imports: [PostgresStorageModule.forRoot({ url: database.url, poolSize: 20 })],
  }).compile();
  const pool = new pg.Pool({ connectionString: database.url, max: 2 });
  const get = <T>(provider: abstract new (...args: never[]) => T): T => stores.get(provider as never, { strict: false });
  const clock = get(Clock);
  const register = (client: ClientBuilder) => client.register({ get, clock } as never);
  const clients = (client: TestClient) =>
    [new ProtocolClient(services[0].url, client), new ProtocolClient(services[1].url, client)] as const;
  const observers = clients(await register(resourceServer()));
  const { body: jwks } = await observers[0].send('/.well-known/jwks.json', {});
  return {
    database,
    services,
    clock,
    observers,
    keys: createLocalJWKSet(jwks),
    get,
    register,
    clients,
    query: async <Row extends object>(sql: string, values: readonly unknown[] = []) => (await pool.query<Row>(sql, [...values])).rows,
    close: async () => {
      await Promise.all(services.map((service) => service.kill()));
      await pool.end();
      await stores.close();
      await database.drop();
    },
  };
}
