import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopLeftover } from '../../src/service/embedded-database/leftover.js';
import { clusterFolder } from '../support/cluster-folder.js';
import { onServer } from '../support/on-server.js';
import { createDatabase, type TestDatabase } from '../support/postgres.js';
import { signUp } from '../support/protocol-client.js';
import { createEmptyDatabase } from './support/empty-database.js';
import { halfASignIn } from './support/half-a-sign-in.js';
import { refusesConnections } from './support/refuses-connections.js';
import { newMasterKey, ServiceProcess } from './support/service-process.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function spawn(variables: Record<string, string>): Promise<ServiceProcess> {
  const service = await ServiceProcess.spawn({ MASTER_KEY: newMasterKey(), ...variables });
  cleanups.push(() => service.kill());
  return service;
}

/** As npm does when somebody presses Ctrl-C. */
async function twice(service: ServiceProcess, signal: NodeJS.Signals): Promise<void> {
  service.signal(signal);
  await sleep(10); // at the same moment they would be one
  service.signal(signal);
}

const tellsOfStopping = (service: ServiceProcess): unknown[] =>
  service.log.filter(({ context, level }) => context === 'Service' || level === 'error').map(({ msg }) => msg);

describe('told to stop while it starts', () => {
  /** Far less than the database makes it wait, and than the service would wait for the database by itself. */
  const SHUTDOWN_TIMEOUT = '2';

  /** Takes connections, and never says anything. */
  async function silentDatabase(): Promise<{ url: string; server: Server }> {
    const server = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    cleanups.push(() => Promise.resolve(server.close()));
    await once(server, 'listening');
    return { server, url: `postgres://somebody@127.0.0.1:${(server.address() as AddressInfo).port}/x` };
  }

  const stoppingAndStopped = [
    expect.objectContaining({ context: 'Service', signal: 'SIGTERM', msg: 'Stopping' }),
    expect.objectContaining({ context: 'Service', msg: 'Stopped' }),
  ];

  it('starts nothing where it is told while it is being loaded', async () => {
    const { url, server } = await silentDatabase();
    let connections = 0;
    server.on('connection', () => connections++);
    const signalItself = `process.on('newListener', (name) => name === 'SIGTERM' && setImmediate(() => process.kill(process.pid, 'SIGTERM')))`;
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(signalItself)}`;
    const service = await spawn({ DATABASE_URL: url, NODE_OPTIONS, SHUTDOWN_TIMEOUT });
    expect(await service.exited).toBe(0);
    expect(service.log).toEqual(stoppingAndStopped);
    expect(connections).toBe(0);
  }, 30_000);

  it('waits no longer for a database that does not answer', async () => {
    const { url, server } = await silentDatabase();
    const connected = once(server, 'connection');
    const service = await spawn({ DATABASE_URL: url, SHUTDOWN_TIMEOUT });
    await connected;
    expect(await service.stop()).toBe(0);
    expect(service.log).toEqual(stoppingAndStopped);
    expect(service.stderr).toBe('');
  }, 30_000);

  /** Stops the service while somebody else's transaction keeps it waiting. */
  async function stopWhileWaitingFor(url: string, statements: readonly string[]): Promise<{ status: number | string; tells: unknown[] }> {
    return onServer(url, async (client) => {
      await client.query('begin');
      for (const statement of statements) await client.query(statement);
      const service = await spawn({ DATABASE_URL: url, SHUTDOWN_TIMEOUT });
      const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      await service.until(async () => (await onServer(url, (other) => other.query(waiting))).rows.length > 0, 20_000);
      return { status: await service.stop(), tells: tellsOfStopping(service) };
    });
  }

  it('waits no longer for the migration of another instance', async () => {
    const { url, drop } = await createEmptyDatabase();
    cleanups.push(drop);
    await onServer(url, (client) => client.query('create table migration_lock as select 1 as id'));
    await onServer(url, (client) => client.query('alter table migration_lock add primary key (id)'));
    const { status, tells } = await stopWhileWaitingFor(url, ['select id from migration_lock for update']);
    expect([status, ...tells]).toEqual([0, 'Stopping', 'Stopped']);
  }, 30_000);

  it('waits no longer for its application', async () => {
    const { url, drop } = await createDatabase();
    cleanups.push(drop);
    const { status, tells } = await stopWhileWaitingFor(url, ['lock table key in access exclusive mode']);
    expect([status, ...tells]).toEqual([0, 'Stopping', 'Stopped']);
  }, 30_000);

  it('leaves no database server behind, told twice or once', async () => {
    const directory = await clusterFolder('told-to-stop');
    cleanups.push(() => rm(directory, { recursive: true, force: true }));
    const service = await spawn({ DATA_DIRECTORY: directory, SHUTDOWN_TIMEOUT: '30' });
    await service.until(async () => (await readdir(directory)).some((name) => name.startsWith('pgdata.unfinished-')), 20_000);
    await twice(service, 'SIGINT');
    expect(await service.exited).toBe(0);
    expect(tellsOfStopping(service)).toEqual(['Stopping', 'Stopped']);
    expect(service.stderr).toBe('');
    expect(await stopLeftover(join(directory, 'pgdata'))).toBeUndefined();
    expect(await readdir(directory)).toEqual(expect.arrayContaining(['pgdata', 'database-password'])); // made to the end
    expect(await readdir(directory)).not.toContain('service.pid');
  }, 60_000);
});

describe('told to stop in service', () => {
  let database: TestDatabase;
  const masterKey = newMasterKey();

  beforeAll(async () => {
    database = await createDatabase();
    cleanups.push(() => database.drop());
  });

  async function ready(more: Record<string, string> = {}): Promise<ServiceProcess> {
    const service = await spawn({ DATABASE_URL: database.url, MASTER_KEY: masterKey, ...more });
    await service.ready();
    return service;
  }

  it('finishes the requests under way, takes no other, and exits 0, told twice or once', async () => {
    const draining = await ready();
    const { email, password } = await signUp(draining.url);
    const { finish } = await halfASignIn(draining.port, { email, password });
    await twice(draining, 'SIGINT');
    await draining.until(() => draining.stdout.includes('Draining'));
    await draining.until(() => refusesConnections(draining.port));
    const answer = await finish();
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toMatch(/"accessToken":"eyJ/);
    expect(await draining.exited).toBe(0);
  }, 30_000);

  it('does not wait for idle connections', async () => {
    const idle = await ready({ SHUTDOWN_TIMEOUT: '60' });
    await fetch(`${idle.url}/health/live`); // its connection is kept alive
    const socket = connect(idle.port, '127.0.0.1');
    await once(socket, 'connect');
    const before = performance.now();
    expect(await idle.stop()).toBe(0);
    expect(performance.now() - before).toBeLessThan(8_000);
    socket.destroy();
  }, 30_000);

  it('cuts off what takes longer than SHUTDOWN_TIMEOUT, and exits 0 all the same', async () => {
    const slow = await ready({ SHUTDOWN_TIMEOUT: '1' });
    const { socket } = await halfASignIn(slow.port);
    expect(await slow.stop()).toBe(0);
    expect(slow.log.find((line) => line['cut'] === 1)).toMatchObject({ level: 'warn' });
    socket.destroy();
  }, 30_000);

  it('exits with 1 when told again later, whatever is under way', async () => {
    const hanging = await ready({ SHUTDOWN_TIMEOUT: '60' });
    const { socket } = await halfASignIn(hanging.port);
    hanging.signal('SIGTERM');
    await hanging.until(() => hanging.stdout.includes('Draining'));
    await sleep(1_100);
    hanging.signal('SIGINT');
    expect(await hanging.exited).toBe(1);
    socket.destroy();
  }, 30_000);
});
