import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { formatTokenId } from '../../src/protocol/entry-key.js';
import { tokenHash } from '../../src/protocol/hashing.js';
import { formatToken, newIdentifier, parseToken } from '../../src/protocol/token-string.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { KeyStore } from '../../src/storage/key.store.js';
import { PostgresStorageModule } from '../../src/storage/postgres/postgres-storage.module.js';
import { RevocationStore } from '../../src/storage/revocation.store.js';
import { ValidationModule } from '../../src/validation/index.js';
import { onServer } from '../support/on-server.js';
import { createStorage, type TestStorage } from '../support/storage.js';
import { AUDIENCE, claimsOf, SUBJECT } from './support/claims.js';
import { ExternalIssuer } from './support/external-issuer.js';
import { HOSTS, startApi, type RunningApi } from './support/hosts.js';
import { insertClient, issue, type Issued } from './support/issued.js';
import { signJwt, type SigningKey } from './support/signed.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { TodosController } from './support/todo.controllers.js';

describe.each(HOSTS)('BearerGuard with the entry check, by a read-only role, on %s', (host) => {
  const role = `reader_${randomBytes(6).toString('hex')}`;
  let storage: TestStorage;
  let issuer: ExternalIssuer;
  let key: SigningKey;
  let api: RunningApi;
  let proxy: TcpProxy;

  const start = (audience: string) =>
    startApi(
      host,
      {
        imports: [
          PostgresStorageModule.forRoot({ url: proxy.url, connectionTimeout: 1000 }),
          ValidationModule.forRoot({ issuer: issuer.url, audience, check: 'entry' }),
        ],
        controllers: [TodosController],
      },
      storage.clock,
    );
  const signed = ({ jti }: Issued, changes: Record<string, unknown> = {}, signer = key) =>
    signJwt(signer, claimsOf(issuer.url, storage.clock, { jti, ...changes }));
  /** Both formats of a token that was just issued. */
  const both = async () => {
    const [reference, entry] = [await issue(storage, 'reference'), await issue(storage, 'signed')];
    return [
      { issued: reference, token: reference.token },
      { issued: entry, token: signed(entry) },
    ];
  };
  const statusOf = async (token: string, at = api) => (await at.get('/todos', token)).status;
  const hashOf = (token: string) => {
    const reference = parseToken(token);
    return reference && tokenHash(reference);
  };
  const revocations = () => storage.module.get(RevocationStore);

  beforeAll(async () => {
    storage = await createStorage();
    await insertClient(storage, 'web');
    const password = randomBytes(12).toString('hex');
    await onServer(storage.url, (client) => client.query(`create role ${role} login password '${password}' in role countersign_reader`));
    const url = new URL(storage.url);
    url.username = role;
    url.password = password;
    proxy = new TcpProxy(url.href);
    await proxy.open();
    issuer = await ExternalIssuer.start();
    key = issuer.publish('ES256');
    api = await start(AUDIENCE);
  });
  afterAll(async () => {
    await api.close();
    await issuer.close();
    await proxy.cut();
    const { url } = storage;
    await storage.close();
    const server = new URL(url);
    server.pathname = '/postgres';
    await onServer(server.href, (client) => client.query(`drop role ${role}`));
  });

  it('hands the principal to the handler, for both formats', async () => {
    const [reference, jwt] = await both();
    const answer = await (await api.get('/todos', reference?.token)).json();
    const expected = { subject: SUBJECT, client: 'web', scopes: ['todos:read'], roles: ['admin'], tokenId: reference?.issued.jti };
    expect(answer).toMatchObject({ ...expected, claims: { iss: issuer.url, aud: AUDIENCE } });
    expect(await (await api.get('/todos', jwt?.token)).json()).toMatchObject({ subject: SUBJECT, client: 'web', tokenId: jwt?.issued.jti });
  });

  it('refuses a token from the moment it is revoked, though it was verified before', async () => {
    for (const { issued, token } of await both()) {
      expect(await statusOf(token)).toBe(200);
      await revocations().revokeAccess(issued.key, hashOf(token), undefined, storage.clock.now());
      const response = await api.get('/todos', token);
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
    }
  });

  it('refuses a token whose grant ended', async () => {
    for (const { issued, token } of await both()) {
      expect(await statusOf(token)).toBe(200);
      await revocations().endAuthorization(issued.key.authorizationId, storage.clock.now());
      expect(await statusOf(token)).toBe(401);
    }
  });

  it('refuses the tokens of a disabled client, also once it is enabled again', async () => {
    await insertClient(storage, 'other');
    const reference = await issue(storage, 'reference', 'other');
    const jwt = signed(await issue(storage, 'signed', 'other'), { client_id: 'other' });
    expect([await statusOf(reference.token), await statusOf(jwt)]).toEqual([200, 200]);
    await storage.module.get(ClientStore).setEnabled('other', false, storage.clock.now());
    expect([await statusOf(reference.token), await statusOf(jwt)]).toEqual([401, 401]);
    await storage.module.get(ClientStore).setEnabled('other', true, storage.clock.now());
    expect([await statusOf(reference.token), await statusOf(jwt)]).toEqual([401, 401]);
  });

  it('refuses what a revoked signing key has signed, though it is published still', async () => {
    const revoked = issuer.publish('ES256');
    const record = { kid: revoked.kid, purpose: 'sign:ES256', publicJwk: revoked.publicJwk, sealed: Buffer.alloc(1) } as const;
    const now = storage.clock.now();
    await storage.module.get(KeyStore).insert({ ...record, createdAt: now, activatesAt: now }, undefined);
    storage.clock.advance(11); // past the cooldown, so that the new key is found
    const token = signed(await issue(storage, 'signed'), {}, revoked);
    expect(await statusOf(token)).toBe(200);
    await storage.module.get(KeyStore).revoke(revoked.kid, storage.clock.now());
    expect(await statusOf(token)).toBe(401);
  });

  it('refuses an expired reference token', async () => {
    const { token } = await issue(storage, 'reference');
    storage.clock.advance(899);
    expect(await statusOf(token)).toBe(200);
    storage.clock.advance(1);
    expect(await statusOf(token)).toBe(401);
    storage.clock.advance(-900);
  });

  it('refuses tokens that do not fit their entry', async () => {
    const { key: entryKey, jti } = await issue(storage, 'signed');
    const issued = { jti } as Issued;
    expect(await statusOf(signed(issued))).toBe(200);
    expect(await statusOf(signed(issued, { sub: 'mallory' }))).toBe(401);
    expect(await statusOf(signed(issued, { client_id: 'other' }))).toBe(401);
    expect(await statusOf(signed(issued, { client_id: 'other', sub: 'other' }))).toBe(401);
    expect(await statusOf(signed(issued, { jti: formatTokenId({ ...entryKey, number: entryKey.number ^ 1n }) }))).toBe(401);
    expect(await statusOf(signed(issued, { jti: 'a-jti-of-somebody-else' }))).toBe(401);
    expect(await statusOf(signed(issued, { aud: 'https://other.example.com' }))).toBe(401);
  });

  it('refuses forged and foreign reference tokens', async () => {
    const { key: entryKey, token, refreshToken } = await issue(storage, 'reference');
    const { key: signedKey } = await issue(storage, 'signed');
    for (const forged of [
      formatToken({ key: entryKey, identifier: newIdentifier() }),
      formatToken({ key: { ...entryKey, number: entryKey.number ^ 1n }, identifier: newIdentifier() }),
      formatToken({ key: signedKey, identifier: newIdentifier() }),
      refreshToken,
      refreshToken.replace('cs_rt_', 'cs_at_'),
      token.slice(0, -1),
      `${token}A`,
      token.toLowerCase(),
    ]) {
      expect(await statusOf(forged)).toBe(401);
    }
    expect(await statusOf(token)).toBe(200);
  });

  it('refuses tokens for another audience', async () => {
    const other = await start('https://other.example.com');
    for (const { token } of await both()) expect(await statusOf(token, other)).toBe(401);
    await other.close();
  });

  it('makes one query for a good token, and none for what cannot be one', async () => {
    const pool = (api.app.get(DataSource).driver as PostgresDriver).master as Pool;
    const original = pool.query.bind(pool) as (...parts: unknown[]) => unknown;
    let queries = 0;
    Object.assign(pool, { query: (...parts: unknown[]) => (queries++, original(...parts)) });
    try {
      for (const { token } of await both()) {
        queries = 0;
        expect(await statusOf(token)).toBe(200);
        expect(queries).toBe(1);
        queries = 0;
        expect(await statusOf(`${token.slice(0, -3)}!`)).toBe(400);
        expect(await statusOf(token.slice(0, -5))).toBe(401);
        expect(queries).toBe(0);
      }
    } finally {
      Object.assign(pool, { query: original });
    }
  });

  it('answers 503 with Retry-After while the database is away, and 200 when it is back', async () => {
    const tokens = await both();
    await proxy.cut();
    for (const { token } of tokens) {
      const response = await api.get('/todos', token);
      expect(response.status).toBe(503);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(response.headers.get('www-authenticate')).toBeNull();
    }
    expect(api.log.some(({ level, text }) => level === 'error' && text.includes('token store cannot be reached'))).toBe(true);
    await proxy.open();
    for (const { token } of tokens) expect(await statusOf(token)).toBe(200);
  });

  it('logs no token', () => {
    expect(api.log.filter(({ text }) => /eyJ|cs_[ar]t_[\w-]{10}/.test(text))).toEqual([]);
  });
});
