/** An API with the same route bare and behind the guard, by whichever check CHECK says. */
import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { Controller, Get, Headers, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import pg from 'pg';
import { BearerGuard, ValidationModule, type CheckName } from '../../src/validation/index.js';
import { PostgresStorageModule } from '../../src/storage/postgres/index.js';
import { announce } from './announce.js';

const port = Number(process.env['PORT']);
const issuer = process.env['SERVICE'] ?? '';
const url = process.env['DATABASE_URL'] ?? '';
const check = process.env['CHECK'] as CheckName;
const SELECT = { name: 'bench', text: 'select id from client where id = $1' };
const pool = new pg.Pool({ connectionString: url, max: 10 });

/** As issued: the one key that signs ES256. */
async function signingKey(): Promise<KeyObject> {
  const { keys } = (await (await fetch(`${issuer}/.well-known/jwks.json`)).json()) as { keys: { alg: string; kty: string }[] };
  const key = keys.find(({ alg }) => alg === 'ES256');
  if (!key) throw new Error('There is no ES256 key.');
  return createPublicKey({ key, format: 'jwk' });
}

const key = { key: await signingKey(), dsaEncoding: 'ieee-p1363' } as const;

@Controller()
class ApiController {
  @Get('bare')
  bare(): object {
    return { ok: true };
  }

  @Get('bare-verify')
  bareVerify(@Headers('authorization') authorization: string): object {
    const end = authorization.lastIndexOf('.');
    return { ok: verify('sha256', Buffer.from(authorization.slice(7, end)), key, Buffer.from(authorization.slice(end + 1), 'base64url')) };
  }

  @Get('bare-select')
  async bareSelect(): Promise<object> {
    return { ok: (await pool.query({ ...SELECT, values: ['jwt'] })).rows.length === 1 };
  }

  @Get('guarded')
  @UseGuards(BearerGuard)
  guarded(): object {
    return { ok: true };
  }
}

@Module({
  imports: [PostgresStorageModule.forRoot({ url }), ValidationModule.forRoot({ issuer, audience: issuer, check })],
  controllers: [ApiController],
})
class ApiModule {}

const app = await NestFactory.create<NestFastifyApplication>(ApiModule, new FastifyAdapter(), { logger: ['error'] });
await app.listen(port, '127.0.0.1');
announce({ port, offers: {} });
