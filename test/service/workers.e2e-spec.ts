import { setTimeout as sleep } from 'node:timers/promises';
import { onServer } from '../support/on-server.js';
import { signUp } from '../support/protocol-client.js';
import { createEmptyDatabase } from './support/empty-database.js';
import { halfASignIn } from './support/half-a-sign-in.js';
import { refusesConnections } from './support/refuses-connections.js';
import { newMasterKey, ServiceProcess } from './support/service-process.js';
import { answeredBy, running, serving, workersOf } from './support/workers.js';

describe('two workers (WORKERS=2)', () => {
  let database: { url: string; drop(): Promise<void> };
  let service: ServiceProcess;

  beforeAll(async () => {
    database = await createEmptyDatabase();
    service = await ServiceProcess.spawn({ WORKERS: '2', DATABASE_URL: database.url, MASTER_KEY: newMasterKey() });
    await serving(service, 2);
  }, 150_000);

  afterAll(async () => {
    await service?.kill();
    await database?.drop();
  });

  /** Each on a connection of its own: the primary deals connections out in turn. */
  const refresh = async (refreshToken: string): Promise<{ status: number; refreshToken: string }> => {
    const response = await fetch(`${service.url}/auth/refresh`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({ refreshToken }),
      signal: AbortSignal.timeout(5_000),
    });
    const body = (await response.json()) as { refreshToken?: string };
    return { status: response.status, refreshToken: body.refreshToken ?? '' };
  };

  it('stand on what was prepared once', async () => {
    const once = (message: string): unknown[] => service.log.filter(({ msg }) => msg === message).map(({ worker }) => worker);
    expect(once('Migrated')).toEqual([undefined]);
    expect(once('Listening')).toEqual([1, 2]);
    const keys = await onServer(database.url, async (client) => (await client.query('select purpose from key order by 1')).rows);
    expect(keys.map((row: { purpose: string }) => row.purpose)).toEqual(['derive', 'seal:refresh', 'sign:ES256', 'sign:RS256']);
    expect(service.stderr).toBe('');
  });

  it('answer in turn, and each line of the log tells which of them', async () => {
    const ids = await Promise.all(
      Array.from({ length: 6 }, async () => (await service.get('/health/ready')).headers.get('x-request-id') ?? ''),
    );
    const lines = () => service.log.filter(({ requestId }) => ids.includes(String(requestId)));
    await service.until(() => lines().length === 6);
    expect(lines().map(({ worker }) => worker)).toEqual(expect.arrayContaining([1, 2]));
    expect(lines().filter(({ worker }) => worker !== 1 && worker !== 2)).toEqual([]);
  });

  it('give one and the same successor to all who present a refresh token at once', async () => {
    let { refreshToken } = await signUp(service.url);
    for (let race = 0; race < 5; race++) {
      const before = service.log.length;
      const answers = await Promise.all(Array.from({ length: 12 }, () => refresh(refreshToken)));
      const successors = new Set(answers.map((answer) => JSON.stringify(answer)));
      expect([...successors]).toEqual([expect.stringMatching(/"status":200,"refreshToken":"cs_rt_/)]);
      await service.until(() => service.log.slice(before).filter(({ route }) => route === '/auth/refresh').length >= 12);
      const racers = service.log.slice(before).filter(({ route }) => route === '/auth/refresh');
      expect(new Set(racers.map(({ worker }) => worker)).size).toBe(2);
      refreshToken = answers[0]?.refreshToken ?? '';
    }
  });

  it('go on when one of them is killed, which is replaced; so do chains of refresh tokens', async () => {
    const chains = await Promise.all(Array.from({ length: 4 }, () => signUp(service.url)));
    const [victim] = workersOf(service);
    let over = false;
    let lost = 0;
    const goOn = async (refreshToken: string): Promise<number> => {
      let links = 0;
      for (let current = refreshToken; !over;) {
        const answer = await refresh(current).catch(() => undefined);
        // The connection was the victim's: whoever was not answered sends the same token again.
        if (!answer) lost++;
        else if (answer.status !== 200) throw new Error(`after ${links} links: ${answer.status}`);
        else [current, links] = [answer.refreshToken, links + 1];
      }
      return links;
    };
    const going = Promise.all(chains.map(({ refreshToken }) => goOn(refreshToken)));
    try {
      await sleep(200);
      process.kill(victim?.pid ?? 0, 'SIGKILL');
      await service.until(() => answeredBy(service).has(3), 30_000);
    } finally {
      over = true;
    }
    for (const links of await going) expect(links).toBeGreaterThan(2);
    expect(lost).toBeLessThanOrEqual(chains.length * 2);
    expect((await serving(service, 2)).map(({ id }) => id)).toEqual([2, 3]);
    expect(service.log.find(({ msg }) => msg === 'A worker has died and is replaced')).toMatchObject({
      level: 'error',
      of: victim?.id,
      pid: victim?.pid,
      signal: 'SIGKILL',
    });
  }, 120_000);

  it('finish what they have begun when the primary is told to stop, and leave nothing behind', async () => {
    const { email, password } = await signUp(service.url);
    const pids = workersOf(service).map(({ pid }) => pid);
    const begun = await Promise.all(Array.from({ length: 4 }, () => halfASignIn(service.port, { email, password })));
    // A Ctrl-C in a terminal reaches all of the group, and the primary by npm once more.
    for (const pid of pids) process.kill(pid, 'SIGINT');
    service.signal('SIGINT');
    await sleep(10);
    service.signal('SIGINT');
    await service.until(() => service.log.filter(({ msg }) => msg === 'Draining').length === 2);
    await service.until(() => refusesConnections(service.port)); // the primary closes the port a moment after they tell it
    const answers = await Promise.all(begun.map(({ finish }) => finish()));
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*"accessToken":"eyJ/);
    expect(await service.exited).toBe(0);
    expect(await running(pids)).toEqual([]);
    const ends = service.log.filter(({ msg }) => msg === 'Stopped').map(({ worker }) => worker);
    expect([ends.length, ends.at(-1)]).toEqual([3, undefined]);
    expect(new Set(ends)).toEqual(new Set([2, 3, undefined]));
    expect(service.log.filter(({ msg, level }) => level === 'error' && msg !== 'A worker has died and is replaced')).toEqual([]);
    expect(await refusesConnections(service.port)).toBe(true);
  }, 30_000);
});
