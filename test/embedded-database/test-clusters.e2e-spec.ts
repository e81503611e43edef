import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { onServer } from '../support/on-server.js';
import { type TestCluster, createDatabase, startCluster } from '../support/postgres.js';

const value = (url: string, sql: string) => onServer(url, async (client) => Object.values((await client.query(sql)).rows[0] ?? {})[0]);

describe('createDatabase', () => {
  it('gives each caller a database of his own, and drops it though someone is connected', async () => {
    const [one, other] = await Promise.all([createDatabase(), createDatabase()]);
    await value(one.url, 'create table mine ()');
    expect(await value(other.url, `select to_regclass('mine')`)).toBeNull();

    await onServer(one.url, async (client) => {
      client.on('error', () => undefined); // dropping ends this connection
      await one.drop();
    });
    await other.drop();

    await expect(value(one.url, 'select 1')).rejects.toMatchObject({ code: '3D000' });
  });
});

describe('startCluster', () => {
  let cluster: TestCluster | undefined;

  afterEach(() => cluster?.remove());

  it('keeps what was committed through a crash, on the same port', async () => {
    cluster = await startCluster({ durable: true });
    expect(await value(cluster.url, 'show fsync')).toBe('on');
    expect(await value(cluster.url, 'show synchronous_commit')).toBe('on');
    await value(cluster.url, 'create table kept as select 42 as answer');

    await cluster.stop('immediate');
    await expect(value(cluster.url, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await cluster.start();
    expect(await value(cluster.url, 'select answer from kept')).toBe(42);

    const before = cluster.pid;
    await cluster.killPostmaster();
    await cluster.start();
    expect(cluster.pid).not.toBe(before);
    expect(await value(cluster.url, 'select answer from kept')).toBe(42);
  });

  it('leaves nothing behind', async () => {
    const gone = await startCluster({ durable: false });
    await gone.remove();

    expect(() => process.kill(gone.pid, 0)).toThrow('ESRCH');
    await expect(access(dirname(gone.dataDirectory))).rejects.toThrow('ENOENT');
  });
});
