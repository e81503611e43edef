/** An API with the same route bare, behind the guard, by whichever CHECK says. */
import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { PostgresStorageModule } from '../src/storage/postgres/postgres-storage.module.js';
import { Database } from '../src/storage/postgres/database.js';
import { BearerGuard } from '../src/validation/bearer.guard.js';
import type { CheckName } from '../src/validation/check-choice.js';
import { ValidationModule } from '../src/validation/validation.module.js';
import { announce } from './child.js';

const check = process.env['CHECK'] as CheckName;
const SELECT = { name: 'bench_select', text: 'select id from client where id = $1' };

@Controller()
class ApiController {
  constructor(private readonly database: Database) {}

  @Get('bare')
  bare(): object {
    return { ok: true };
  }

  @Get('bare-select')
  async bareSelect(): Promise<object> {
    return { ok: (await this.database.run(SELECT, ['jwt'])).length === 1 };
  }

  @Get('guarded')
  @UseGuards(BearerGuard)
  guarded(): object {
    return { ok: true };
  }
}

@Module({
  imports: [
    PostgresStorageModule.forRoot({ url: process.env['DATABASE_URL'] ?? '' }),
    ValidationModule.forRoot({ issuer: process.env['ISSUER'] ?? '', audience: process.env['ISSUER'] ?? '', check }),
  ],
  controllers: [ApiController],
})
class ApiModule {}

const app = await NestFactory.create<NestFastifyApplication>(ApiModule, new FastifyAdapter(), { logger: ['error'] });
await app.listen(0, '127.0.0.1');
announce({ port: Number(new URL(await app.getUrl()).port) });
