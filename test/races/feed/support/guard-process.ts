import 'reflect-metadata';
import { Controller, Get, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { PostgresStorageModule } from '../../../../src/storage/postgres/postgres-storage.module.js';
import { BearerGuard } from '../../../../src/validation/bearer.guard.js';
import { Public } from '../../../../src/validation/decorators/public.decorator.js';
import { FeedStatus } from '../../../../src/validation/feed/feed-status.js';
import { ValidationModule } from '../../../../src/validation/validation.module.js';
import type { ValidationOptions } from '../../../../src/validation/validation.options.js';

/** What a guarded API is told by who starts it. */
export interface GuardSettings {
  readonly options: ValidationOptions;
  /** Tails the log there; undefined: follows the service over HTTP. */
  readonly databaseUrl?: string;
}

export type GuardStatus = Pick<FeedStatus, 'state' | 'age' | 'held' | 'denials'>;

@Controller()
@UseGuards(BearerGuard)
class ApiController {
  constructor(private readonly feed: FeedStatus) {}

  @Get()
  get(): object {
    return {};
  }

  @Public()
  @Get('feed')
  status(): GuardStatus {
    const { state, age, held, denials } = this.feed;
    return { state, age, held, denials };
  }
}

class Api {}

// Stays until whoever started it is gone.
const { options, databaseUrl } = JSON.parse(process.env['GUARD'] ?? '') as GuardSettings;
const storage = databaseUrl === undefined ? [] : [PostgresStorageModule.forRoot({ url: databaseUrl, poolSize: 2 })];
const app = await NestFactory.create<NestFastifyApplication>(
  { module: Api, imports: [...storage, ValidationModule.forRoot(options)], controllers: [ApiController] },
  new FastifyAdapter(),
  { logger: ['error', 'fatal'] },
);
await app.listen(0, '127.0.0.1');
process.send?.((app.getHttpServer().address() as { port: number }).port);
process.on('disconnect', () => process.exit(0));
