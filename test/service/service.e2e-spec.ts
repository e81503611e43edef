import { createServer } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { migrations } from '../../migrations/index.js';
import { prepareDatabase } from '../../src/service/prepare-database.js';
import { onServer } from '../support/on-server.js';
import { createDatabase, type TestDatabase } from '../support/postgres.js';
import { ProtocolClient, signUp } from '../support/protocol-client.js';
import { createEmptyDatabase } from './support/empty-database.js';
import { newMasterKey, ServiceProcess } from './support/service-process.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function spawn(variables: Record<string, string>): Promise<ServiceProcess> {
  const service = await ServiceProcess.spawn(variables);
  cleanups.push(() => service.kill());
  return service;
}

describe('the service on a database', () => {
  let database: TestDatabase;
  let service: ServiceProcess;
  const masterKey = newMasterKey();
  const variables = () => ({ DATABASE_URL: database.url, MASTER_KEY: masterKey });

  beforeAll(async () => {
    database = await createDatabase();
    cleanups.push(() => database.drop());
    service = await spawn({ ...variables(), TRUST_PROXY: '127.0.0.1' });
    await service.ready();
  }, 60_000);

  it('makes no demo data and prints no banner', async () => {
    const clients = await onServer(database.url, async (client) => (await client.query('select id from client')).rows);
    expect(clients).toEqual([{ id: 'first-party' }]);
    expect(service.stdout.split('\n').filter((line) => line !== '' && !line.startsWith('{'))).toEqual([]);
    expect(service.stderr).toBe('');
  });

  it('listens on both loopback addresses, and on no other', async () => {
    expect((await fetch(`http://[::1]:${service.port}/health/live`)).status).toBe(200);
    const [, other] = await Promise.allSettled([sleep(1), fetch(`http://127.0.0.2:${service.port}/health/live`)]);
    expect(other?.status).toBe('rejected');
  });

  it('answers what nobody answers without reflecting it', async () => {
    const response = await service.get('/cs_rt_nothing?token=abc');
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ error: 'not_found' });
    const undecodable = await service.get('/connect/%ff?token=abc');
    expect(undecodable.status).toBe(400);
    expect(await undecodable.json()).toEqual({ error: 'invalid_request' });
    const requestId = undecodable.headers.get('x-request-id');
    expect([requestId, undecodable.headers.get('cache-control')]).toEqual([expect.stringMatching(/^[\w-]{36}$/), 'no-store']);
    await service.until(() => service.log.some((line) => line['requestId'] === requestId && line['status'] === 400));
  });

  it('answers people who mistyped an address by a page', async () => {
    for (const path of ['/', '/Activate', '/sign-in/']) {
      const page = await service.get(path, { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
      expect([path, page.status, page.headers.get('content-type')]).toEqual([path, 404, 'text/html; charset=utf-8']);
      expect(await page.text()).toContain('data-message="not-found"');
    }
    expect((await service.get('/', { accept: '*/*' })).headers.get('content-type')).toMatch(/^application\/json/);
  });

  describe('logs', () => {
    const lineOf = async (send: () => Promise<Response>): Promise<{ response: Response; line: Record<string, unknown> }> => {
      const response = await send();
      const id = response.headers.get('x-request-id');
      const find = () => service.log.find((line) => line['requestId'] === id && line['context'] === 'Request');
      await service.until(() => find() !== undefined);
      return { response, line: find() ?? {} };
    };

    it('one line a request: id, method, route, status, time, address', async () => {
      const { line } = await lineOf(() => service.get('/health/live'));
      expect(line).toMatchObject({ level: 'info', method: 'GET', route: '/health/live', status: 200, remoteAddress: '127.0.0.1' });
      expect(line['milliseconds']).toEqual(expect.any(Number));
      expect(Date.parse(String(line['time']))).not.toBeNaN();
    });

    it('takes over an id of a harmless form', async () => {
      const { response } = await lineOf(() => service.get('/health/live', { 'x-request-id': 'abcdef-12_34' }));
      expect(response.headers.get('x-request-id')).toBe('abcdef-12_34');
    });

    it.each(['short', 'a'.repeat(65), 'with blank in it', '{"level":"fatal"}', 'abc.defgh.ijk'])('makes another one for %j', async (id) => {
      const { response } = await lineOf(() => service.get('/health/live', { 'x-request-id': id }));
      expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    });

    it('neither query strings nor parameters nor unknown paths', async () => {
      await lineOf(() => service.get('/health/live?needle1=x'));
      await lineOf(() => service.get('/needle2'));
      const { line } = await lineOf(() =>
        fetch(`${service.url}/auth/sessions/needle3`, { method: 'DELETE', headers: { authorization: 'Bearer needle4' } }),
      );
      expect(line).toMatchObject({ route: '/auth/sessions/:id', status: 401 });
      expect(service.stdout).not.toContain('needle');
    });

    it('the caller behind a trusted proxy', async () => {
      const { line } = await lineOf(() => service.get('/health/live', { 'x-forwarded-for': '203.0.113.9' }));
      expect(line['remoteAddress']).toBe('203.0.113.9');
    });

    it('the id of the request in other lines too, and nothing of a row that the database refused', async () => {
      await onServer(database.url, (client) => client.query(`alter table users add constraint unlucky check (email not like 'unlucky%')`));
      const { response } = await lineOf(() =>
        fetch(`${service.url}/auth/register`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ email: 'unlucky@example.test', password: 'correct horse battery staple' }),
        }),
      );
      expect(response.status).toBe(500);
      const other = service.log.filter(
        (line) => line['requestId'] === response.headers.get('x-request-id') && line['context'] !== 'Request',
      );
      expect(other).toHaveLength(1);
      expect(other[0]).toMatchObject({ level: 'error' });
      expect(service.stdout).not.toMatch(/unlucky@|argon2id|correct horse/);
    });
  });

  it('ignores X-Forwarded-For of those who are not trusted', async () => {
    const untrusting = await spawn(variables());
    await untrusting.ready();
    await untrusting.get('/health/live', { 'x-forwarded-for': '203.0.113.9', 'x-request-id': 'forwarded1' });
    await untrusting.until(() => untrusting.log.some((line) => line['requestId'] === 'forwarded1'));
    expect(untrusting.log.find((line) => line['requestId'] === 'forwarded1')).toMatchObject({ remoteAddress: '127.0.0.1' });
    expect(await untrusting.stop()).toBe(0);
  }, 30_000);

  describe('refuses to start', () => {
    const refusal = async (more: Record<string, string>): Promise<string> => {
      const refused = await spawn({ ...variables(), ...more });
      expect(await refused.exited).toBe(1);
      return refused.stderr;
    };

    it('with another master key', async () => {
      expect(await refusal({ MASTER_KEY: newMasterKey() })).toMatch(/sealed with another master key\. Start with the MASTER_KEY/);
    }, 30_000);

    it('with all faults at once', async () => {
      const stderr = await refusal({ PORT: 'x', MASTER_KEY: '', LEEWAY: '1000', TOKEN_STORAGE: 'off', REVOCATION_ENDPOINT: 'on' });
      expect(stderr.trim().split('\n')).toHaveLength(5);
      for (const name of ['PORT', 'MASTER_KEY', 'LEEWAY', 'REVOCATION_ENDPOINT']) expect(stderr).toContain(`- ${name} `);
    }, 30_000);

    it('on a port that is taken', async () => {
      expect(await refusal({ PORT: String(service.port) })).toMatch(new RegExp(`Port ${service.port} on 127.0.0.1 is taken .* PORT`));
    }, 30_000);

    it('without a database', async () => {
      const nobody = createServer().listen(0, '127.0.0.1');
      await once(nobody, 'listening');
      const { port } = nobody.address() as { port: number };
      nobody.close();
      const stderr = await refusal({ DATABASE_URL: `postgres://somebody:hidden@127.0.0.1:${port}/x` });
      expect(stderr).toMatch(/database cannot be reached: .*ECONNREFUSED.* Check DATABASE_URL/);
      expect(stderr).not.toContain('hidden');
    }, 30_000);
  });

  it('warns once what TOKEN_STORAGE=off takes along, and signs people in all the same', async () => {
    const stateless = await spawn({ ...variables(), TOKEN_STORAGE: 'off' });
    await stateless.ready();
    expect(stateless.log.filter((line) => line['level'] === 'warn')).toEqual([
      expect.objectContaining({ off: expect.arrayContaining(['INTROSPECTION_ENDPOINT']) }),
    ]);
    const { accessToken } = await signUp(stateless.url);
    expect((await new ProtocolClient(stateless.url).json('GET', '/auth/me', undefined, accessToken)).status).toBe(200);
    expect((await new ProtocolClient(stateless.url).introspect('x')).status).toBe(404);
    expect(await stateless.stop()).toBe(0);
  }, 30_000);
});

describe('an empty database', () => {
  const namesOf = (url: string): Promise<string[]> =>
    onServer(url, async (client) =>
      (await client.query('select name from migration order by id')).rows.map((row: { name: string }) => row.name),
    );

  it('is migrated by whichever of three services comes first', async () => {
    const { url, drop } = await createEmptyDatabase();
    cleanups.push(drop);
    const variables = { DATABASE_URL: url, MASTER_KEY: newMasterKey() };
    const services = await Promise.all([spawn(variables), spawn(variables), spawn(variables)]);
    await Promise.all(services.map((service) => service.ready()));
    expect(await namesOf(url)).toEqual(migrations.map(({ name }) => name));
    expect(services.filter((service) => service.stdout.includes('"Migrated"'))).toHaveLength(1);
    expect(await Promise.all(services.map((service) => service.stop()))).toEqual([0, 0, 0]);
  }, 60_000);

  // Processes start a little apart; these do not.
  it('is migrated once by eight that come at the same moment', async () => {
    const { url, drop } = await createEmptyDatabase();
    cleanups.push(drop);
    const ran = await Promise.all(Array.from({ length: 8 }, () => prepareDatabase(url, { migrate: true })));
    expect(ran.filter((names) => names.length > 0)).toEqual([migrations.map(({ name }) => name)]);
    expect(await namesOf(url)).toEqual(migrations.map(({ name }) => name));
  }, 30_000);

  it('is refused with AUTO_MIGRATE=off, and left alone', async () => {
    const { url, drop } = await createEmptyDatabase();
    cleanups.push(drop);
    const service = await spawn({ DATABASE_URL: url, MASTER_KEY: newMasterKey(), AUTO_MIGRATE: 'off' });
    expect(await service.exited).toBe(1);
    expect(service.stderr).toMatch(/lacks (\d+) of \1 migrations: run `countersign migrate`, or set AUTO_MIGRATE=on/);
    const tables = await onServer(url, async (client) => (await client.query(`select 1 from pg_tables where schemaname = 'public'`)).rows);
    expect(tables).toEqual([]);
  }, 30_000);
});
