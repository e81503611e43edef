import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { IdentityModule } from '../../src/identity/identity.module.js';
import { IssuanceModule } from '../../src/issuance/issuance.module.js';
import { PostgresStorageModule } from '../../src/storage/postgres/postgres-storage.module.js';
import type { ServiceProcessSettings } from './start-service-process.js';

// The real modules in a process of their own, on the database's clock as in production. Tells its port and its machine's time on stdout and stays
// until killed, or until whoever started it is gone.
const { databaseUrl, masterKey, port, poolSize, issuance, identity } = JSON.parse(
  process.env['SERVICE_PROCESS'] ?? '',
) as ServiceProcessSettings;

class Service {}
const imports = [
  PostgresStorageModule.forRoot({ url: databaseUrl, poolSize }),
  IdentityModule.forRoot({ argon2: { memoryCost: 17_500, timeCost: 2, parallelism: 1 }, ...identity }),
  IssuanceModule.forRoot({
    masterKey: Buffer.from(masterKey, 'hex'),
    tokenRequestsPerMinute: 0,
    refusedGrants: { free: 1_000_000 },
    ...issuance,
  }),
];
const app = await NestFactory.create<NestFastifyApplication>({ module: Service, imports }, new FastifyAdapter(), {
  logger: ['error', 'fatal'],
});
await app.listen(port, '127.0.0.1');
const address = app.getHttpServer().address() as { port: number };
process.stdout.write(`${JSON.stringify({ port: address.port, date: Date.now() })}\n`);

process.stdin.on('end', () => process.exit(0)).resume();
