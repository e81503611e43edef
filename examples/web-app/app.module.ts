import { Module, type DynamicModule } from '@nestjs/common';
import { SessionModule } from 'countersign/session';
import { PostgresStorageModule } from 'countersign/storage/postgres';
import { PageController } from './page.controller.js';
import { personClaims } from './person-claims.js';
import { SessionLog } from './session-log.js';
import type { Settings } from './settings.js';
import { TodosController } from './todos.controller.js';

@Module({})
export class AppModule {
  static forRoot({ databaseUrl, ...settings }: Settings): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ...(databaseUrl === undefined ? [] : [PostgresStorageModule.forRoot({ url: databaseUrl })]),
        SessionModule.forRoot({
          baseUrl: settings.baseUrl,
          store: settings.store,
          oidc: {
            issuer: settings.issuer,
            clientId: settings.clientId,
            ...(settings.clientSecret !== undefined && { clientSecret: settings.clientSecret }),
            scope: 'openid profile email offline_access todos:read todos:write',
          },
          keys: settings.sessionKeys,
          apis: { todos: { url: settings.todoApi, methods: ['GET', 'POST', 'DELETE'] }, provider: { url: settings.issuer } },
          hooks: personClaims,
        }),
      ],
      controllers: [PageController, TodosController],
      providers: [SessionLog],
    };
  }
}
