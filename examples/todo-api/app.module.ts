import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { PostgresStorageModule } from 'countersign/storage/postgres';
import { BearerGuard, ValidationModule } from 'countersign/validation';
import { HealthController } from './health.controller.js';
import type { Settings } from './settings.js';
import { TodosController } from './todos.controller.js';
import { Todos } from './todos.js';

/** Every route is guarded unless it says `@Public()`. */
@Module({})
export class AppModule {
  static forRoot({ validation, databaseUrl }: Settings): DynamicModule {
    const needsEntries = validation.check === 'entry' && databaseUrl !== undefined;
    return {
      module: AppModule,
      imports: [ValidationModule.forRoot(validation), ...(needsEntries ? [PostgresStorageModule.forRoot({ url: databaseUrl })] : [])],
      controllers: [TodosController, HealthController],
      providers: [Todos, { provide: APP_GUARD, useClass: BearerGuard }],
    };
  }
}
