import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { createDataSource } from 'countersign/storage/postgres';
import { AppModule } from './app.module.js';
import { readSettings } from './settings.js';

const settings = readSettings(process.env);
if (settings.databaseUrl !== undefined) await migrate(settings.databaseUrl);
// Browsers keep connections in reserve, and would keep the process from ending.
const adapter = new FastifyAdapter({ forceCloseConnections: true });
const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(settings), adapter, { logger: ['error', 'warn', 'log'] });
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void app.close().then(() => process.exit(0)));
await app.listen(settings.port, '127.0.0.1').catch((error: NodeJS.ErrnoException) => {
  throw error.code === 'EADDRINUSE' ? new Error(`Port ${settings.port} is taken by another program: set PORT to another one.`) : error;
});
console.log(`The web app listens on ${settings.baseUrl} (store: ${settings.store})`);

/** Brings the tables up to date. One process at a time: of several that start together, let one do it. */
async function migrate(url: string): Promise<void> {
  const dataSource = await createDataSource({ url, statementTimeout: 0 }).initialize();
  await dataSource.runMigrations({ transaction: 'all' });
  await dataSource.destroy();
}
