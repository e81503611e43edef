import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { ReaderRole1764000000002 } from '../../migrations/1764000000002-reader-role.js';
import { createDataSource } from '../../src/storage/postgres/data-source.js';
import { FIND } from '../../src/storage/postgres/authorization.sql.js';
import { RevocationKind } from '../../src/storage/revocation.store.js';
import { FETCH_LOG, OPEN_LOG, READ_POSITION, READ_SINCE } from '../../src/storage/postgres/revocation-log.sql.js';
import { parseToken } from '../../src/protocol/token-string.js';
import { parseTokenId } from '../../src/protocol/entry-key.js';
import { confidentialClient } from '../support/clients.js';
import { createDatabase, type TestDatabase } from '../support/postgres.js';
import { ProtocolClient, signUp } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';
import { dumpSchema } from './schema-dump.js';

const run = promisify(execFile);

describe('Migrations', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let client: pg.Client;

  beforeAll(async () => {
    database = await createDatabase();
    dataSource = await createDataSource({ url: database.url }).initialize();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await dataSource.destroy();
    await database.drop();
  });

  const down = async (): Promise<void> => {
    for (let left = dataSource.migrations.length; left > 0; left--) await dataSource.undoLastMigration();
  };

  it('up, down, up leave the same schema, and down leaves none', async () => {
    const before = await dumpSchema(client);
    expect(before.filter((line) => line.startsWith('relation ')).length).toBeGreaterThanOrEqual(14);
    expect(before.filter((line) => line.includes('countersign_reader')).length).toBeGreaterThan(5);
    await down();
    expect(await dumpSchema(client)).toEqual([]);
    await dataSource.runMigrations();
    expect(await dumpSchema(client)).toEqual(before);
  });

  it('down of the reader role alone takes its rights away, though other databases of the server keep the role', async () => {
    const later = migrations.length - 1 - migrations.indexOf(ReaderRole1764000000002);
    for (let undone = 0; undone <= later; undone++) await dataSource.undoLastMigration();
    expect((await dumpSchema(client)).filter((line) => line.includes('countersign_reader'))).toEqual([]);
    await dataSource.runMigrations();
  });

  it('down takes data and partitions along', async () => {
    await client.query(`create table token_entry_1 partition of token_entry for values from (1) to (2)`);
    await client.query(
      `insert into token_entry (created_at, expires_at, authorization_id, number, bucket, type) values (now(), now(), gen_random_uuid(), 1, 1, 4)`,
    );
    await down();
    const { rows } = await client.query(
      `select relname from pg_class where relnamespace = 'public'::regnamespace and relname like 'token_entry%'`,
    );
    expect(rows).toEqual([]);
    await dataSource.runMigrations();
  });

  it('the dump they are compared by sees what could differ', async () => {
    const before = await dumpSchema(client);
    const changes = [
      'alter table users add column note text',
      `alter table users alter column roles set default '{x}'`,
      'alter table users alter column email drop not null',
      'alter table lease alter column holder type varchar(10)',
      'create index on users (created_at)',
      'alter table users drop constraint users_email_key',
      'alter table authorizations drop constraint authorizations_status_check',
      'alter table authorizations set (fillfactor = 90)',
      `do $$ begin execute 'create or replace view token_entries as ' || replace(pg_get_viewdef('token_entries'::regclass), '''revoked''', '''ended'''); end $$`,
      'grant select on users to countersign_reader',
      'grant select (email) on users to countersign_reader',
    ];
    for (const change of changes) {
      await client.query('begin');
      await client.query(change);
      const after = await dumpSchema(client);
      await client.query('rollback');
      expect([change, JSON.stringify(after) === JSON.stringify(before)]).toEqual([change, false]);
    }
    expect(await dumpSchema(client)).toEqual(before);
  });
});

describe('The role of APIs that check entries, countersign_reader', () => {
  let service: TestService;
  let client: pg.Client;

  beforeAll(async () => {
    service = await startService();
    client = new pg.Client({ connectionString: service.database.url });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await service.close();
  });

  const asReader = async <T>(work: () => Promise<T>): Promise<T> => {
    await client.query('begin');
    await client.query('set local role countersign_reader');
    try {
      return await work();
    } finally {
      await client.query('rollback');
    }
  };

  it('finds entries of either format by the statement of the entry check', async () => {
    const registered = await confidentialClient().withSettings({ referenceAccessTokens: true }).register(service);
    const answer = await new ProtocolClient(service.url, registered).token({ grant_type: 'client_credentials' });
    const person = await signUp(service.url);
    const jti = JSON.parse(Buffer.from(person.accessToken.split('.')[1] ?? '', 'base64url').toString()).jti as string;
    for (const key of [parseToken(answer.body.access_token)?.key, parseTokenId(jti)]) {
      if (!key) throw new Error('not a token of ours');
      const values = [key.bucket, key.authorizationId, key.type, key.number, service.clock.now(), 'some kid', registered.id];
      const { rows } = await asReader(() => client.query(FIND.one.text, values));
      expect(rows).toEqual([expect.objectContaining({ status: 'valid', id: key.authorizationId })]);
    }
  });

  it('follows the log of revocations by the statements of its readers', async () => {
    await signUp(service.url).then(({ refreshToken }) =>
      new ProtocolClient(service.url, { id: 'first-party', secret: undefined }).revoke(refreshToken),
    );
    const { position, all } = await asReader(async () => {
      const position = await client.query<{ epoch: string }>(READ_POSITION.text);
      await client.query(OPEN_LOG.text, [service.clock.now()]);
      return { position: position.rows[0], all: (await client.query(FETCH_LOG.text)).rows };
    });
    expect(position).toEqual({ epoch: expect.any(String), snapshot: expect.any(String) });
    // Beside what ended, the log says which configuration was made meanwhile.
    const ended = (rows: readonly { kind: number }[]) => rows.filter(({ kind }) => kind !== RevocationKind.configuration);
    expect(ended(all)).toEqual([expect.objectContaining({ kind: 2 })]);
    const { rows } = await asReader(() => client.query(READ_SINCE.text, ['1', []]));
    expect(ended(rows)).toEqual([expect.objectContaining({ kind: 2, epoch: position?.epoch })]);
  });

  const forbidden = [
    'select * from client_secret',
    'select * from users',
    'select * from user_credential',
    'select * from sign_in_session',
    'select * from consent',
    'select * from scope',
    'select * from lease',
    'select * from pushed_request',
    'select * from device_request',
    'select * from user_code',
    'select * from client_assertion',
    'select * from logout_notice',
    'select * from failure',
    'select sealed from key',
    'select * from key',
    'select settings from client',
    'select standing_authorization_id from client',
    'select jwks, permissions from client',
    'select * from client',
    'select * from token_entries',
    `insert into token_entry (created_at, expires_at, authorization_id, number, bucket, type) values (now(), now(), gen_random_uuid(), 1, 1, 4)`,
    'update token_entry set revoked_at = null',
    'delete from token_entry',
    'update authorizations set status = 1',
    'delete from authorizations',
    'truncate authorizations',
    'update client set disabled_at = null',
    'update key set revoked_at = null',
    'delete from revocation_log',
    'update revocation_log set key = key',
    `insert into revocation_log (kind, key, expires_at) values (2, '', now())`,
    'select * from authorizations for update',
    'create table public.mine (x int)',
    'drop table token_entry',
  ];
  it.each(forbidden)('may not: %s', async (sql) => {
    // 42501: insufficient privilege (dropping asks for ownership, which is the same code).
    await expect(asReader(() => client.query(sql))).rejects.toMatchObject({ code: '42501' });
  });

  it('may neither log in nor do anything else of note', async () => {
    const { rows } = await client.query(
      `select rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls from pg_roles where rolname = 'countersign_reader'`,
    );
    expect(rows).toEqual([
      { rolcanlogin: false, rolsuper: false, rolcreaterole: false, rolcreatedb: false, rolreplication: false, rolbypassrls: false },
    ]);
  });
});

describe("TypeORM's command line", () => {
  it('reads ormconfig.js of a build and knows every migration', async () => {
    const root = resolve(import.meta.dirname, '../..');
    const folder = await mkdtemp(join(tmpdir(), 'countersign-build-'));
    const database = await createDatabase();
    try {
      await writeFile(join(folder, 'package.json'), '{"type":"module"}');
      await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
      // One file after the other and without types: what counts here is that it loads as modules.
      const swc = ['ormconfig.ts', 'migrations', 'src/storage', 'src/protocol'];
      await run(process.execPath, [join(root, 'test/migrations/compile.mjs'), root, folder, ...swc]);
      const typeorm = join(root, 'node_modules/typeorm/cli.js');
      const env = { ...process.env, NODE_OPTIONS: '', DATABASE_URL: database.url };
      const show = () => run(process.execPath, [typeorm, 'migration:show', '-d', join(folder, 'ormconfig.js')], { cwd: folder, env });
      const { stdout } = await show();
      expect(stdout.match(/\[X\]/g)).toHaveLength(migrations.length);
      expect(stdout).toMatch(new RegExp(migrations.map(({ name }) => name).join('[\\s\\S]*')));
      await run(process.execPath, [typeorm, 'migration:revert', '-d', join(folder, 'ormconfig.js')], { cwd: folder, env });
      const after = (await show()).stdout;
      expect([after.match(/\[X\]/g)?.length, after.match(/\[ \]/g)?.length]).toEqual([migrations.length - 1, 1]);
    } finally {
      await rm(folder, { recursive: true, force: true });
      await database.drop();
    }
  }, 60_000);
});
