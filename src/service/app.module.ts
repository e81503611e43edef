import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { IdentityModule } from '../identity/identity.module.js';
import { IssuanceModule } from '../issuance/issuance.module.js';
import { PostgresStorageModule } from '../storage/postgres/postgres-storage.module.js';
import { identityOptions, issuanceOptions } from './environment/module-options.js';
import type { Environment } from './environment/variables.js';
import { HealthModule } from './health/health.module.js';
import { PlainErrorsFilter } from './plain-errors.filter.js';

/** What the environment leaves open, found at start. */
export interface Foundations {
  readonly databaseUrl: string;
  readonly masterKey: Buffer;
}

/** The composition root, of the service and of the command line. */
@Module({})
export class AppModule {
  static forRoot(environment: Environment, { databaseUrl, masterKey }: Foundations): DynamicModule {
    return {
      module: AppModule,
      providers: [{ provide: APP_FILTER, useClass: PlainErrorsFilter }],
      imports: [
        PostgresStorageModule.forRoot({ url: databaseUrl, poolSize: environment.DATABASE_POOL_SIZE }),
        IdentityModule.forRoot(identityOptions(environment)),
        IssuanceModule.forRootAsync({ useFactory: () => issuanceOptions(environment, masterKey) }),
        HealthModule,
      ],
    };
  }
}
