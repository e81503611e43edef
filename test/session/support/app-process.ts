import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { Controller, Get, Inject } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { SessionModule } from '../../../src/session/session.module.js';
import { SessionPruning } from '../../../src/session/session-pruning.js';
import { Database } from '../../../src/storage/postgres/database.js';
import { PostgresStorageModule } from '../../../src/storage/postgres/postgres-storage.module.js';
import { OrdersController } from './orders.controller.js';
import type { AppProcessSettings, FromApp, ToApp } from './start-app-process.js';

// An app with sessions, in each of the ways that are asked for, on the database's clock as in production. All in one process: what takes long is to
// load the modules. It stays until killed, or until whoever started it is gone.
const { databaseUrl, poolSize, ways, session } = JSON.parse(process.env['APP_PROCESS'] ?? '') as AppProcessSettings;
const tell = (message: FromApp) => process.send?.(message);
let stopsAfterRefresh = false;
let orders = 0;

@Controller()
class UnrelatedController {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** Needs a connection, and nobody's session. Tells how many requests for orders have come. */
  @Get('unrelated')
  async look(): Promise<object> {
    await this.database.run({ name: 'unrelated', text: 'select 1 as one' }, []);
    return { orders };
  }
}

class App {}
const apps = await Promise.all(
  ways.map(async ([store, host]) => {
    const onRefreshed = async () => {
      if (!stopsAfterRefresh) return;
      tell({ refreshed: true });
      await new Promise(() => undefined);
    };
    const imports = [
      PostgresStorageModule.forRoot({ url: databaseUrl, poolSize }),
      SessionModule.forRoot({ ...session, store, hooks: { onRefreshed } }),
    ];
    const app = await NestFactory.create(
      { module: App, imports, controllers: [OrdersController, UnrelatedController] },
      host === 'fastify' ? new FastifyAdapter() : new ExpressAdapter(),
      { logger: ['error', 'fatal'] },
    );
    (app.getHttpServer() as Server).on('request', ({ url }) => void (url === '/orders' && orders++));
    await app.listen(0, '127.0.0.1');
    return app;
  }),
);

process.on('message', (message: ToApp) => {
  if (message === 'stop after refreshing') stopsAfterRefresh = true;
  if (message === 'prune')
    void apps[0]
      ?.get(SessionPruning, { strict: false })
      .round()
      .then((pruned) => tell({ pruned }));
});
process.on('disconnect', () => process.exit(0));
tell({ ports: apps.map((app) => ((app.getHttpServer() as Server).address() as AddressInfo).port) });
