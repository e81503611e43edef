import type { EventEmitter } from 'node:events';
import type { EntityManager } from 'typeorm';
import { createDataSource } from '../../src/storage/postgres/data-source.js';
import { Database, type Runner } from '../../src/storage/postgres/database.js';
import { StorageUnavailableError } from '../../src/storage/storage-unavailable.error.js';
import { onServer } from '../support/on-server.js';
import { createDatabase, type TestDatabase } from '../support/postgres.js';
import { statementsDuring } from '../support/statement-count.js';
import { TcpProxy } from '../support/tcp-proxy.js';

let server: TestDatabase;
let proxy: TcpProxy;
let database: Database;
beforeAll(async () => {
  server = await createDatabase();
  proxy = new TcpProxy(server.url);
  await proxy.open();
  database = new Database(await createDataSource({ url: proxy.url, statementTimeout: 200 }).initialize());
});
afterAll(async () => {
  await proxy?.cut();
  await database?.dataSource.destroy();
  await server?.drop();
});

const SLEEP = { text: 'select pg_sleep(0.1)' };
const kill = (pid: number | undefined) => onServer(server.url, (client) => client.query('select pg_terminate_backend($1)', [pid]));
const answers = async () => expect(await database.run({ text: 'select 1 as one' }, [])).toEqual([{ one: 1 }]);

const connectionOf = ({ queryRunner }: EntityManager): EventEmitter =>
  (queryRunner as unknown as { databaseConnection: EventEmitter }).databaseConnection;

describe('A transaction', () => {
  // Seen to fail: the loss of a connection that was nobody's but the transaction's ended the process.
  it.each<[string, (runner: Runner, lose: () => Promise<unknown>) => Promise<unknown>]>([
    ['between two of its statements', (runner, lose) => lose().then(() => runner.run(SLEEP, []))],
    ['during one of them', (runner, lose) => Promise.all([runner.run(SLEEP, []), lose()])],
  ])('that loses its connection %s fails, and nothing else does', async (_, work) => {
    const lost = database.transaction(async (runner) => {
      const [row] = await runner.run<{ pid: number }>({ text: 'select pg_backend_pid() as pid' }, []);
      await work(runner, () => kill(row?.pid));
    });
    await expect(lost).rejects.toThrow(StorageUnavailableError);
    await answers();
  });

  // Seen to fail: TypeORM then says that its runner was released, which counted as a fault of ours (500).
  it('of TypeORM that loses its connection before it commits fails in the same way', async () => {
    const lost = database.guarded(() =>
      database.dataSource.transaction(async (manager) => {
        const [row] = await manager.query<{ pid: number }[]>('select pg_backend_pid() as pid');
        const ended = new Promise((resolve) => connectionOf(manager).once('end', resolve));
        await kill(row?.pid);
        await ended;
      }),
    );
    await expect(lost).rejects.toThrow(StorageUnavailableError);
    await answers();
  });

  // Seen to fail: who hears nothing waited for the answer to the rollback as long again.
  it('that hears nothing more asks for nothing more', async () => {
    const asked = await statementsDuring(async () => {
      const silent = database.transaction(async (runner) => {
        proxy.swallow();
        await runner.run(SLEEP, []);
      });
      await expect(silent).rejects.toThrow(StorageUnavailableError);
    });
    expect(asked).toEqual(['begin', SLEEP.text]);
    proxy.release();
    await answers();
  });
});
