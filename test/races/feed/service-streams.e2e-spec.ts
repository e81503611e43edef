import { setTimeout as sleep } from 'node:timers/promises';
import { randomBytes, randomUUID } from 'node:crypto';
import { type EventStream } from '../../revocation-feed/support/event-stream.js';
import { FeedClient } from '../../revocation-feed/support/feed-client.js';
import { idsIn } from '../../revocation-feed/support/told.js';
import { migrate } from '../../support/migrate.js';
import { onServer } from '../../support/on-server.js';
import { startCluster, type TestCluster } from '../../support/postgres.js';
import { startService, type TestService } from '../../support/service-app.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { TestClock } from '../../support/test-clock.js';
import { PATIENCE } from '../support/size.js';

let cluster: TestCluster;
let proxy: TcpProxy;
let service: TestService;
let follower: FeedClient;
let stream: EventStream;

beforeAll(async () => {
  cluster = await startCluster({ durable: false });
  await migrate(cluster.url);
  proxy = new TcpProxy(cluster.url);
  await proxy.open();
  const database = { url: proxy.url, name: '', drop: () => Promise.resolve() };
  service = await startService({ beside: { database, masterKey: randomBytes(32), clock: new TestClock() } as unknown as TestService });
  follower = await FeedClient.at(service);
}, PATIENCE);
beforeEach(async () => {
  stream = await follower.stream(await follower.cursor());
  await stream.event(() => true);
});
afterEach(() => stream.close());
afterAll(async () => {
  await service?.close();
  await proxy?.cut();
  await cluster?.remove();
});

/** Returns what is told of it. */
async function revoke(): Promise<string> {
  const key = randomUUID().replaceAll('-', '');
  await onServer(cluster.url, (client) => client.query(INSERT, [key]));
  return key.slice(16);
}

const INSERT = `insert into revocation_log (kind, key, created_at, expires_at) values (2, decode($1, 'hex'), now(), now() + interval '1 hour')`;

const tells = (id: string) => (event: EventStream['events'][number]) => idsIn(event.data).includes(id);

describe('A service whose database', () => {
  // Seen to fail: with all that is in force in place of what is new, and with nothing.
  it('was out of reach for a while tells on the same streams what happened meanwhile, and that alone', async () => {
    const before = await revoke();
    await stream.event(tells(before));
    await proxy.cut();
    const seen = stream.events.length;
    const during = await revoke();
    // Nothing is heard, and that shows: ticks go on, and none of them is any younger.
    await stream.event(() => stream.events.length >= seen + 3);
    const ages = stream.events.slice(seen + 1).map(({ name, data }) => [name, data.up_ms]);
    expect(new Set(ages.map(String)).size).toBe(1);
    await proxy.open();
    expect(idsIn((await stream.event(tells(during))).data)).toEqual([during]);
    const after = await revoke();
    await stream.event(tells(after));
    expect([stream.over, stream.events.filter(({ name }) => name === 'reload')]).toEqual([undefined, []]);
  });

  it('is out of reach for long lets nobody begin with what it holds, and tells those who poll that it knows no more', async () => {
    const cursor = await follower.cursor();
    await proxy.cut();
    const REFUSED = { status: 503, body: { error: 'temporarily_unavailable' } };
    while ((await follower.snapshot()).status === 200) await sleep(100);
    expect(await follower.snapshot()).toMatchObject(REFUSED);
    expect(await follower.part(cursor)).toMatchObject(REFUSED);
    await proxy.open();
    while ((await follower.snapshot()).status !== 200) await sleep(100);
    await stream.event(tells(await revoke()));
  });

  it('has begun another life says so, ends the streams, and continues no old cursor', async () => {
    const old = stream.lastId ?? '';
    const before = await revoke();
    await stream.event(tells(before));
    await onServer(cluster.url, (client) => client.query(`select pg_stat_reset_shared('wal')`)); // part of what a crash does
    const reload = await stream.event(({ name }) => name === 'reload');
    expect([reload.id, reload.data, await stream.end()]).toEqual([undefined, {}, 'ended']);
    for (const cursor of [old, stream.lastId ?? '']) expect((await follower.part(cursor)).status).toBe(410);
    const { body } = await follower.snapshot();
    expect(idsIn(body)).toContain(before);
    const again = await follower.stream(body.cursor);
    await again.event(tells(await revoke()));
    again.close();
  });

  it('went down and came back is followed again by whoever begins anew', async () => {
    await cluster.stop('immediate');
    await cluster.start();
    expect(await stream.end()).toBe('ended');
    expect(stream.events.at(-1)?.name).toBe('reload');
    let cursor: string | undefined;
    while (cursor === undefined) {
      const { status, body } = await follower.snapshot();
      if (status === 200) cursor = body.cursor;
      else await sleep(100);
    }
    const again = await follower.stream(cursor);
    await again.event(tells(await revoke()));
    again.close();
  });
});
