import { readdir, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopLeftover } from '../../src/service/embedded-database/leftover.js';
import { join } from 'node:path';
import { clusterFolder } from '../support/cluster-folder.js';
import { onServer } from '../support/on-server.js';
import { createDatabase, type TestDatabase } from '../support/postgres.js';
import { ProtocolClient, signUp } from '../support/protocol-client.js';
import { halfASignIn } from './support/half-a-sign-in.js';
import { refusesConnections } from './support/refuses-connections.js';
import { newMasterKey, ServiceProcess } from './support/service-process.js';
import { running, serving, workersOf } from './support/workers.js';

const masterKey = newMasterKey();
const cleanups: (() => Promise<unknown>)[] = [];
let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase();
  cleanups.push(() => database.drop());
});

afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function spawn(variables: Record<string, string>): Promise<ServiceProcess> {
  const service = await ServiceProcess.spawn({ DATABASE_URL: database.url, MASTER_KEY: masterKey, ...variables });
  cleanups.push(() => service.kill());
  return service;
}

/** Runs in each process of the service before anything else. */
const preloaded = (script: string): string => `--import=data:text/javascript,${encodeURIComponent(script)}`;

describe('maintenance with three workers', () => {
  // Rounds of maintenance are ten minutes apart, and during a long one the lease is renewed each five: here three times a second.
  const hurried = preloaded(
    `const { setInterval: slow } = globalThis; globalThis.setInterval = (work, ms, ...more) => slow(work, ms === 600_000 || ms === 300_000 ? 300 : ms, ...more);`,
  );
  const WAITING = `select 1 from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query like 'delete from pushed_request%'`;
  let service: ServiceProcess;

  beforeAll(async () => {
    service = await spawn({ WORKERS: '3', NODE_OPTIONS: hurried });
    await serving(service, 3);
  }, 150_000);

  const rounds = (): unknown[] => service.log.filter(({ msg }) => msg === 'Pruned').map(({ worker }) => worker);
  /** The workers that did the next rounds. */
  const nextRounds = async (count: number): Promise<unknown[]> => {
    const before = rounds().length;
    await service.until(() => rounds().length >= before + count, 30_000);
    return rounds().slice(before, before + count);
  };
  const pidOf = (id: unknown): number => workersOf(service).find((worker) => worker.id === id)?.pid ?? 0;

  it('is done by exactly one of them: pruning, and the rotation of keys', async () => {
    const [holder, ...others] = await nextRounds(8);
    expect(new Set(others)).toEqual(new Set([holder]));
    await onServer(database.url, (client) => client.query(`update key set activates_at = activates_at - interval '100 days'`));
    expect(new Set(await nextRounds(4))).toEqual(new Set([holder]));
    const counted = await onServer(
      database.url,
      async (client) => (await client.query('select count(*)::int as n from key group by purpose')).rows,
    );
    expect(counted).toEqual([{ n: 2 }, { n: 2 }, { n: 2 }, { n: 2 }]);
  }, 120_000);

  it('goes on under its lease for as long as a round takes, and no second one begins meanwhile', async () => {
    const [holder] = await nextRounds(1);
    // Each look by a connection of its own: a transaction sees one and the same picture of what the others do.
    const look = async <Row extends object>(sql: string): Promise<Row[]> =>
      (await onServer(database.url, (client) => client.query(sql))).rows as Row[];
    const waiting = async (): Promise<number> => (await look(WAITING)).length;
    const until = async (): Promise<number> => (await look<{ until: Date }>('select until from lease'))[0]?.until.getTime() ?? 0;
    await onServer(database.url, async (client) => {
      await client.query('begin');
      await client.query('lock table pushed_request in access exclusive mode');
      await service.until(async () => (await waiting()) > 0);
      const before = await until();
      await service.until(async () => (await until()) >= before + 1_000); // three renewals, and as many rounds that do not begin
      expect(await waiting()).toBe(1);
      await client.query('rollback');
    });
    expect(new Set(await nextRounds(2))).toEqual(new Set([holder]));
  }, 120_000);

  it('goes to another one at once when that is told to stop, which is replaced', async () => {
    const [holder] = await nextRounds(1);
    process.kill(pidOf(holder), 'SIGTERM');
    await service.until(() => service.log.some(({ of, msg }) => of === holder && msg === 'A worker has stopped and is replaced'));
    const [next, ...others] = await nextRounds(6);
    expect(next).not.toBe(holder);
    expect(new Set(others)).toEqual(new Set([next]));
    await serving(service, 3);
  }, 120_000);

  it('goes to another one when the lease of one that was killed has run out', async () => {
    const [holder] = await nextRounds(1);
    process.kill(pidOf(holder), 'SIGKILL');
    await service.until(() => service.log.some(({ of, msg }) => of === holder && msg === 'A worker has died and is replaced'));
    const before = rounds().length;
    await sleep(1_500);
    expect(rounds().length).toBe(before);
    await onServer(database.url, (client) => client.query(`update lease set until = now() - interval '1 minute'`));
    const [next, ...others] = await nextRounds(6);
    expect(new Set(others)).toEqual(new Set([next]));
    expect(next).not.toBe(holder);
  }, 120_000);

  it('ends with the workers, which finish what they have begun when the primary is killed', async () => {
    const pids = (await serving(service, 3)).map(({ pid }) => pid);
    const { email, password } = await signUp(service.url);
    const begun = await Promise.all([1, 2, 3].map(() => halfASignIn(service.port, { email, password })));
    service.signal('SIGKILL');
    await service.until(() => service.log.filter(({ msg }) => msg === 'Draining').length >= 3); // the one that was told to stop before did, too
    for (const { finish } of begun) expect(await finish()).toMatch(/^HTTP\/1\.1 200 /);
    expect(await service.exited).toBe('SIGKILL');
    await service.until(async () => (await running(pids)).length === 0);
    expect(service.log.filter(({ msg }) => msg === 'Stopping: the primary is gone')).toHaveLength(3);
    expect((await onServer(database.url, (client) => client.query('select 1 from lease'))).rows).toEqual([]);
  }, 120_000);
});

describe('a service with workers is refused by one message', () => {
  it('where the environment does not fit', async () => {
    const refused = await spawn({ WORKERS: '3', LEEWAY: '1000', PORT: 'x' });
    expect(await refused.exited).toBe(1);
    expect(refused.stderr.trim().split('\n')).toHaveLength(3);
    expect(refused.stdout).toBe('');
  }, 30_000);

  it('where the port is taken', async () => {
    const other = await spawn({});
    await other.ready();
    const refused = await spawn({ WORKERS: '3', PORT: String(other.port) });
    expect(await refused.exited).toBe(1);
    expect(refused.stderr).toBe(
      `Countersign cannot start: Port ${other.port} on 127.0.0.1 is taken by another program: stop that, or set PORT to another one.\n`,
    );
    expect(refused.log.filter(({ level }) => level === 'error')).toEqual([]);
    expect(await other.stop()).toBe(0);
  }, 120_000);
});

describe('a service with workers ends', () => {
  it('with 1 when workers die again and again right after their start', async () => {
    const dying = `import cluster from 'node:cluster'; if (cluster.worker?.id > 1) process.exit(7);`;
    const service = await spawn({ WORKERS: '2', NODE_OPTIONS: preloaded(dying), DATABASE_POOL_SIZE: '999' });
    expect(await service.exited).toBe(1);
    expect(service.stderr).toBe(
      'Countersign cannot go on: workers end again and again right after their start, the last one with exit status 7.\n',
    );
    const deaths = service.log.filter(({ msg }) => msg === 'A worker has died and is replaced');
    expect(deaths.map(({ of, status }) => [of, status])).toEqual([2, 3, 4, 5, 6].map((id) => [id, 7]));
    // So much for connections that the server would not allow.
    expect(service.log.filter(({ level }) => level === 'warn')).toEqual([
      expect.objectContaining({ most: 2_000, allowed: expect.any(Number) }),
    ]);
    // The one that served was told to stop as ever.
    expect(service.log.filter(({ worker, msg }) => worker === 1 && msg === 'Stopped')).toHaveLength(1);
  }, 120_000);

  it('with 1 when a worker hangs, which is ended by force', async () => {
    const service = await spawn({ WORKERS: '2', SHUTDOWN_TIMEOUT: '1' });
    const [hanging, other] = await serving(service, 2);
    const pids = [hanging?.pid ?? 0, other?.pid ?? 0];
    process.kill(pids[0] ?? 0, 'SIGSTOP');
    service.signal('SIGTERM');
    await service.until(() => service.log.some(({ worker, msg }) => worker === other?.id && msg === 'Stopped'));
    // Refused, and not left to the one that hangs.
    await service.until(() => refusesConnections(service.port));
    expect(await service.exited).toBe(1);
    expect(service.log.filter(({ level }) => level === 'error')).toEqual([expect.objectContaining({ workers: [hanging?.id] })]);
    expect(await running(pids)).toEqual([]);
  }, 120_000);

  it('with 1, and without waiting for anybody, when told again later', async () => {
    const service = await spawn({ WORKERS: '2', SHUTDOWN_TIMEOUT: '60' });
    const pids = (await serving(service, 2)).map(({ pid }) => pid);
    const begun = await Promise.all([halfASignIn(service.port), halfASignIn(service.port)]);
    service.signal('SIGTERM');
    await service.until(() => service.log.filter(({ msg }) => msg === 'Draining').length === 2);
    await sleep(1_100);
    service.signal('SIGINT');
    expect(await service.exited).toBe(1);
    expect(await running(pids)).toEqual([]);
    for (const { socket } of begun) socket.destroy();
  }, 120_000);
});

describe('workers on the embedded database', () => {
  it('find it made, with its demo data, and are outlived by it', async () => {
    const directory = await clusterFolder('workers');
    cleanups.push(() => rm(directory, { recursive: true, force: true }));
    const service = await ServiceProcess.spawn({ WORKERS: '2', DATA_DIRECTORY: directory });
    cleanups.push(() => service.kill());
    const workers = await serving(service, 2);
    expect(service.stdout.split('\n').filter((line) => line.startsWith('Countersign listens on'))).toHaveLength(1);
    const [, secret = ''] = /demo-service:(cs_cs_[\w-]+)/.exec(service.stdout) ?? [];
    const client = new ProtocolClient(service.url, { id: 'demo-service', secret });
    const machine = await client.token({ grant_type: 'client_credentials' });
    expect([machine.status, machine.body.token_type]).toEqual([200, 'Bearer']);

    for (const { pid } of workers) process.kill(pid, 'SIGINT');
    service.signal('SIGINT');
    expect(await service.exited).toBe(0);
    expect(service.log.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
    expect(service.log.filter(({ msg }) => msg === 'Stopped').map(({ worker }) => worker)).toEqual([
      ...[expect.any(Number), expect.any(Number)],
      undefined,
    ]);
    expect(await stopLeftover(join(directory, 'pgdata'))).toBeUndefined();
    expect(await readdir(directory)).not.toContain('service.pid');
  }, 150_000);
});
