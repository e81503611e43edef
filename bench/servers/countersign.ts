/** The service under measurement: its modules as an application imports them, on Fastify, with everything on that is on by default. */
import { randomBytes } from 'node:crypto';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { FirstPartyTokens, IdentityModule } from '../../src/identity/index.js';
import { Argon2 } from '../../src/identity/passwords/argon2.js';
import { IssuanceModule } from '../../src/issuance/index.js';
import { uuidv7 } from '../../src/protocol/uuid.js';
import { ClientStore, Clock, UserStore } from '../../src/storage/index.js';
import { PostgresStorageModule } from '../../src/storage/postgres/index.js';
import { registerLoadClient } from './load-client.js';
import { announce } from './announce.js';

const port = Number(process.env['PORT']);
const UNLIMITED = { limit: 1_000_000_000, window: 60 };
const FIRST_PARTY = 'first-party';
/** Sign-ins at once: more than there are connections. */
const PEOPLE = 512;
const PASSWORD = 'a password that is never hashed';

// What is asked is what a sign-in costs beside the password hash, which costs what it is set to.
Argon2.prototype.verify = () => Promise.resolve(true);

@Module({
  imports: [
    PostgresStorageModule.forRoot({ url: process.env['DATABASE_URL'] ?? '' }),
    IdentityModule.forRoot({ rateLimits: { signInsPerAccount: UNLIMITED, signInsPerAddress: UNLIMITED } }),
    IssuanceModule.forRoot({
      issuer: process.env['ISSUER'] ?? '',
      masterKey: randomBytes(32),
      tokenRequestsPerMinute: 0,
      pruning: false,
    }),
  ],
})
class BenchModule {}

const app = await NestFactory.create<NestFastifyApplication>(BenchModule, new FastifyAdapter(), { logger: ['error'] });
await app.listen(port, '127.0.0.1');

const clients = app.get(ClientStore, { strict: false });
const users = app.get(UserStore, { strict: false });
const firstParty = app.get(FirstPartyTokens, { strict: false });
const now = app.get(Clock, { strict: false }).now();
const secret = randomBytes(32).toString('base64url');

for (const [id, referenceAccessTokens] of [
  ['jwt', false],
  ['reference', true],
] as const) {
  await registerLoadClient(clients, { id, secret }, { referenceAccessTokens }, now);
}

const passwordHash = await new Argon2().hash(PASSWORD, { memoryCost: 19_456, timeCost: 2, parallelism: 1 });
const email = (person: number): string => `person-${person}@example.test`;
const subjects: string[] = [];
for (let person = 0; person < PEOPLE; person++) {
  const id = uuidv7(now);
  await users.insert({ id, email: email(person), emailVerified: true, roles: [], passwordHash }, now);
  subjects.push(id);
}

async function refreshTokens(count: number): Promise<string[]> {
  const tokens: string[] = [];
  const signIn = async (): Promise<void> => {
    for (let n = tokens.push('') - 1; n < count; n = tokens.push('') - 1) {
      const person = n % PEOPLE;
      const pair = await firstParty.signIn({
        subject: subjects[person] ?? '',
        claims: { email: email(person) },
        credentialVersion: 1,
      });
      if (!pair) throw new Error('Nobody could sign in.');
      tokens[n] = pair.refreshToken;
    }
  };
  await Promise.all(Array.from({ length: 8 }, signIn));
  return tokens.slice(0, count);
}

/** The sign-in API's client gets access tokens of this format from now on. */
async function setFormat(referenceAccessTokens: boolean): Promise<void> {
  const client = await clients.find(FIRST_PARTY);
  if (!client) throw new Error('There is no first-party client.');
  await clients.update({ ...client, settings: { ...client.settings, referenceAccessTokens } }, app.get(Clock, { strict: false }).now());
  // Every instance looks once a second.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
}

const credentials = (id: string) => ({ client_id: id, client_secret: secret });
const issue = (id: string) => () => ({ path: '/connect/token', form: { grant_type: 'client_credentials', ...credentials(id) } });
const introspect = () => ({ path: '/connect/introspect', form: credentials('jwt') });
const refresh = (referenceAccessTokens: boolean) => async (connections: number) => {
  await setFormat(referenceAccessTokens);
  return {
    path: '/connect/token',
    form: { grant_type: 'refresh_token', client_id: FIRST_PARTY },
    tokens: await refreshTokens(connections),
  };
};

announce({
  port,
  offers: {
    'issue, JWT': issue('jwt'),
    'issue, reference': issue('reference'),
    'refresh, JWT': refresh(false),
    'refresh, reference': refresh(true),
    'introspect, reference': introspect,
    'introspect, JWT seen before': introspect,
    'introspect, JWT not seen before': introspect,
    revoke: () => ({ path: '/connect/revoke', form: { client_id: FIRST_PARTY } }),
    'sign in': async (connections) => {
      await setFormat(false);
      return {
        path: '/auth/login',
        json: Array.from({ length: connections }, (_, person) => ({ email: email(person), password: PASSWORD })),
      };
    },
  },
  revocable: refreshTokens,
});
