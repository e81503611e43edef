import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { readSettings } from './settings.js';

const settings = readSettings(process.env);
const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(settings), new FastifyAdapter(), {
  logger: ['error', 'warn', 'log'],
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void app.close().then(() => process.exit(0)));
await app.listen(settings.port, '127.0.0.1');
console.log(`The Todo API listens on http://localhost:${settings.port} (check: ${settings.validation.check})`);
