import { randomBytes } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { IdentityModule } from '../src/identity/identity.module.js';
import { FirstPartyTokens } from '../src/identity/first-party-tokens.js';
import { IssuanceModule } from '../src/issuance/issuance.module.js';
import { Clock } from '../src/protocol/clock.js';
import { sha256 } from '../src/protocol/hashing.js';
import { ClientStore } from '../src/storage/client.store.js';
import { PostgresStorageModule } from '../src/storage/postgres/postgres-storage.module.js';
import { UserStore } from '../src/storage/user.store.js';
import { uuidv7 } from '../src/protocol/uuid.js';
import { Module } from '@nestjs/common';
import { announce } from './child.js';

const connections = Number(process.env['CONNECTIONS']);
const permissions = {
  endpoints: ['token', 'introspection', 'revocation'],
  grantTypes: ['client_credentials', 'refresh_token'],
  scopes: [],
  resources: [],
  seeAllTokens: true,
} as const;

@Module({
  imports: [
    PostgresStorageModule.forRoot({ url: process.env['DATABASE_URL'] ?? '' }),
    IdentityModule.forRoot({}),
    IssuanceModule.forRoot({ issuer: process.env['ISSUER'] ?? '', masterKey: randomBytes(32), tokenRequestsPerMinute: 0, pruning: false }),
  ],
})
class BenchModule {}

const app = await NestFactory.create<NestFastifyApplication>(BenchModule, new FastifyAdapter(), { logger: ['error'] });
await app.listen(Number(process.env['PORT']), 'localhost');

const clients = app.get(ClientStore, { strict: false });
const now = app.get(Clock, { strict: false }).now();
const secret = randomBytes(32).toString('base64url');
for (const [id, referenceAccessTokens] of [
  ['jwt', false],
  ['reference', true],
] as const) {
  const uris = { redirectUris: [], postLogoutRedirectUris: [], allowedOrigins: [] };
  const client = { id, displayName: id, type: 'confidential', authenticationMethod: 'client_secret_post', permissions, ...uris } as const;
  await clients.insert({ ...client, settings: { referenceAccessTokens } }, now);
  await clients.addSecret(id, sha256(secret), now, now);
}

const subject = uuidv7(now);
const person = { id: subject, email: 'bench@example.test', emailVerified: true, roles: [], passwordHash: '-' };
await app.get(UserStore, { strict: false }).insert(person, now);
const tokens = app.get(FirstPartyTokens, { strict: false });
const refreshTokens = [];
for (let i = 0; i < connections; i++)
  refreshTokens.push((await tokens.signIn({ subject, claims: { email: person.email }, credentialVersion: 1 }))?.refreshToken);

announce({ port: Number(process.env['PORT']), secret, refreshTokens });
