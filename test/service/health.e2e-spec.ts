import { startCluster, type TestCluster } from '../support/postgres.js';
import { onServer } from '../support/on-server.js';
import { newMasterKey, ServiceProcess } from './support/service-process.js';

describe('health', () => {
  let cluster: TestCluster;
  let service: ServiceProcess;

  beforeAll(async () => {
    cluster = await startCluster({ durable: true }); // it is stopped without notice: the keys must be there afterwards
    service = await ServiceProcess.start({ DATABASE_URL: cluster.url, MASTER_KEY: newMasterKey() });
  }, 60_000);

  afterAll(async () => {
    await service?.kill();
    await cluster?.remove();
  }, 60_000);

  const ask = async (path: string): Promise<{ status: number; body: unknown; headers: Headers }> => {
    const response = await service.get(path);
    return { status: response.status, body: await response.json(), headers: response.headers };
  };

  it('is live and ready', async () => {
    expect(await ask('/health/live')).toMatchObject({ status: 200, body: { status: 'live' } });
    expect(await ask('/health/ready')).toMatchObject({ status: 200, body: { status: 'ready' } });
  });

  it('is live but not ready while the database is stopped, and ready again after it', async () => {
    await cluster.stop('immediate');
    const stopped = await ask('/health/ready');
    expect(stopped).toMatchObject({ status: 503, body: { status: 'not ready', failing: ['database'] } });
    expect(stopped.headers.get('retry-after')).toBe('1');
    expect((await ask('/health/live')).status).toBe(200);
    await cluster.start();
    await service.until(async () => (await ask('/health/ready')).status === 200, 15_000);
  }, 60_000);

  it('is not ready within 2 s where the database does not answer', async () => {
    await onServer(cluster.url, async (client) => {
      await client.query('begin; lock table migration in access exclusive mode');
      const before = performance.now();
      const answers = await Promise.all([1, 2, 3].map(() => ask('/health/ready')));
      expect(performance.now() - before).toBeLessThan(5_000);
      for (const { status, body } of answers) expect([status, body]).toEqual([503, { status: 'not ready', failing: ['database'] }]);
      expect((await ask('/health/live')).status).toBe(200);
      await client.query('rollback');
    });
    await service.until(async () => (await ask('/health/ready')).status === 200, 15_000);
  }, 60_000);

  it('is not ready where a migration is missing', async () => {
    await onServer(cluster.url, (client) => client.query(`update migration set name = 'x' || name where id = 1`));
    expect(await ask('/health/ready')).toMatchObject({ status: 503, body: { status: 'not ready', failing: ['migrations'] } });
    await onServer(cluster.url, (client) => client.query(`update migration set name = substr(name, 2) where id = 1`));
    expect((await ask('/health/ready')).status).toBe(200);
  });
});
