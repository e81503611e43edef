import { Module, type DynamicModule, type OnApplicationShutdown, type OnModuleInit, type Provider, type Type } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../protocol/clock.js';
import { AuthorizationStore } from '../authorization.store.js';
import { BrowserSessionStore } from '../browser-session.store.js';
import { ClientAssertionStore } from '../client-assertion.store.js';
import { ClientStore } from '../client.store.js';
import { ConsentStore } from '../consent.store.js';
import { DeviceRequestStore } from '../device-request.store.js';
import { FailureStore } from '../failure.store.js';
import { KeyStore } from '../key.store.js';
import { LeaseStore } from '../lease.store.js';
import { LogoutNoticeStore } from '../logout-notice.store.js';
import { MaintenanceStore } from '../maintenance.store.js';
import { PushedRequestStore } from '../pushed-request.store.js';
import { RevocationStore } from '../revocation.store.js';
import { ScopeStore } from '../scope.store.js';
import { SessionStore } from '../session.store.js';
import { TokenEntryStore } from '../token-entry.store.js';
import { UserStore } from '../user.store.js';
import { RevocationLogStore } from '../revocation-log.store.js';
import { WebSessionStore } from '../web-session.store.js';
import { ConfigurationWriter } from './configuration-writer.js';
import { createDataSource, type PostgresOptions } from './data-source.js';
import { DatabaseClock } from './database-clock.js';
import { Database } from './database.js';
import { GrantEndings } from './grant-endings.js';
import { Partitions } from './partitions.js';
import { PostgresAuthorizationStore } from './postgres-authorization.store.js';
import { PostgresBrowserSessionStore } from './postgres-browser-session.store.js';
import { PostgresClientAssertionStore } from './postgres-client-assertion.store.js';
import { PostgresClientStore } from './postgres-client.store.js';
import { PostgresConsentStore } from './postgres-consent.store.js';
import { PostgresDeviceRequestStore } from './postgres-device-request.store.js';
import { PostgresFailureStore } from './postgres-failure.store.js';
import { PostgresKeyStore } from './postgres-key.store.js';
import { PostgresLeaseStore } from './postgres-lease.store.js';
import { PostgresLogoutNoticeStore } from './postgres-logout-notice.store.js';
import { PostgresMaintenanceStore } from './postgres-maintenance.store.js';
import { PostgresPushedRequestStore } from './postgres-pushed-request.store.js';
import { PostgresRevocationStore } from './postgres-revocation.store.js';
import { PostgresScopeStore } from './postgres-scope.store.js';
import { PostgresSessionStore } from './postgres-session.store.js';
import { PostgresTokenEntryStore } from './postgres-token-entry.store.js';
import { PostgresUserStore } from './postgres-user.store.js';
import { PostgresRevocationLogStore } from './postgres-revocation-log.store.js';
import { PostgresWebSessionStore } from './postgres-web-session.store.js';

export interface PostgresStorageAsyncOptions {
  readonly imports?: DynamicModule['imports'];
  readonly inject?: unknown[];
  readonly useFactory: (...dependencies: never[]) => PostgresOptions | Promise<PostgresOptions>;
}

const OPTIONS = Symbol('PostgresOptions');
const CLOCK_PERIOD_MS = 60_000;

const STORES: readonly (readonly [abstract: abstract new (...args: never[]) => unknown, implementation: Type])[] = [
  [AuthorizationStore, PostgresAuthorizationStore],
  [TokenEntryStore, PostgresTokenEntryStore],
  [RevocationStore, PostgresRevocationStore],
  [SessionStore, PostgresSessionStore],
  [BrowserSessionStore, PostgresBrowserSessionStore],
  [ConsentStore, PostgresConsentStore],
  [PushedRequestStore, PostgresPushedRequestStore],
  [DeviceRequestStore, PostgresDeviceRequestStore],
  [ClientAssertionStore, PostgresClientAssertionStore],
  [LogoutNoticeStore, PostgresLogoutNoticeStore],
  [ClientStore, PostgresClientStore],
  [ScopeStore, PostgresScopeStore],
  [UserStore, PostgresUserStore],
  [FailureStore, PostgresFailureStore],
  [KeyStore, PostgresKeyStore],
  [LeaseStore, PostgresLeaseStore],
  [RevocationLogStore, PostgresRevocationLogStore],
  [WebSessionStore, PostgresWebSessionStore],
  [MaintenanceStore, PostgresMaintenanceStore],
];

/**
 * Every port on Postgres, and the clock that runs on the database's time. Global: import it once, beside the modules that need a store.
 * It connects when the application starts and never migrates. For an API that checks entries, a log-in granted `countersign_reader` is enough.
 */
@Module({})
export class PostgresStorageModule implements OnModuleInit, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: DatabaseClock,
  ) {}

  /** Not before: an application that is refused at start leaves nothing running. */
  onModuleInit(): void {
    this.timer = setInterval(() => void this.clock.synchronize().catch(() => undefined), CLOCK_PERIOD_MS).unref();
  }

  static forRoot(options: PostgresOptions): DynamicModule {
    return this.forRootAsync({ useFactory: () => options });
  }

  static forRootAsync({ imports = [], inject = [], useFactory }: PostgresStorageAsyncOptions): DynamicModule {
    const stores = STORES.map(([provide, useClass]): Provider => ({ provide, useClass }) as Provider);
    return {
      module: PostgresStorageModule,
      global: true,
      imports,
      providers: [
        { provide: OPTIONS, inject, useFactory } as Provider,
        { provide: DataSource, inject: [OPTIONS], useFactory: (options: PostgresOptions) => createDataSource(options).initialize() },
        {
          provide: DatabaseClock,
          inject: [Database],
          useFactory: async (database: Database) => {
            const clock = new DatabaseClock(database);
            await clock.synchronize();
            return clock;
          },
        },
        { provide: Clock, useExisting: DatabaseClock },
        Database,
        Partitions,
        ConfigurationWriter,
        GrantEndings,
        ...stores,
      ],
      exports: [Clock, DatabaseClock, Database, ...STORES.map(([port]) => port)] as DynamicModule['exports'] & object,
    };
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}
