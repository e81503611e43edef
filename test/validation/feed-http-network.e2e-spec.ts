import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request as requestOf, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { TcpProxy } from '../support/tcp-proxy.js';
import { TestClock } from '../support/test-clock.js';
import { claimsOf } from './support/claims.js';
import { CERTIFICATE, FeedService, sendJson } from './support/feed-service.js';
import { Followed, keepLog, until } from './support/followed.js';

const log = keepLog();
const newJti = () => claimsOf('https://id.example.com', new TestClock()).jti as string;

async function follows(service: FeedService, followed: Followed, expiresAt?: Date) {
  const late = newJti();
  service.revokeToken(late, expiresAt);
  await until(() => followed.knows(late) && followed.feed.freshness.state === 'fresh');
}

/** At full size with `SOAK=1`. */
const COUNT = process.env['SOAK'] === '1' ? 1_000_000 : 100_000;

// Waiting costs nothing: these wait beside each other, which Jest has them do within one block only.
describe('The feed over a network', () => {
  it.concurrent(
    'A network that swallows everything ages what is held, is noticed without being told, and leaves nothing open',
    async () => {
      const service = await FeedService.start();
      const proxy = new TcpProxy(service.ownUrl);
      await proxy.open();
      service.publicUrl = proxy.url.replace(/\/$/, '');
      const followed = Followed.start(service, { maxStale: 1 });
      await follows(service, followed);
      const calm = service.connections;
      proxy.swallow();
      const late = newJti();
      service.revokeToken(late);
      await until(() => followed.feed.freshness.state === 'blind');
      // The streams are given up, and further connections are tried.
      await until(() => service.connections >= calm + 2);
      expect(followed.knows(late)).toBe(false);
      proxy.release();
      await until(() => followed.knows(late));
      await follows(service, followed);
      await until(() => service.connections <= calm);
      expect(service.count('snapshot')).toBe(1);
      followed.stop();
      await until(() => service.connections === 0);
      await proxy.cut();
    },
  );

  it.concurrent('A network that swallows everything is left by a guard that stops: nothing keeps its process', async () => {
    const service = await FeedService.start();
    service.always('snapshot', () => undefined);
    const followed = Followed.start(service);
    await until(() => service.count('snapshot') === 1);
    followed.stop();
    await until(() => service.connections === 0);
  });

  it.concurrent('A head that never ends is given up', async () => {
    const service = await FeedService.start();
    let closed = false;
    service.next('stream', async ({ socket }) => {
      socket?.once('close', () => (closed = true));
      socket?.write('HTTP/1.1 200 OK\r\n');
      for (let i = 0; !closed && socket?.writable; i++, await sleep(50)) socket.write(`x-${i}: 1\r\n`);
    });
    const followed = Followed.start(service);
    await until(() => closed);
    await follows(service, followed);
    followed.stop();
  });

  it.concurrent('What comes without ever getting anywhere is given up: comments in a stream, a poll in drops', async () => {
    const drops = async (response: ServerResponse, type: string, drop: string): Promise<void> => {
      response.writeHead(200, { 'content-type': type });
      while (!response.destroyed) {
        response.write(drop);
        await sleep(200);
      }
    };
    await Promise.all(
      (['stream', 'poll'] as const).map(async (place) => {
        const service = await FeedService.start();
        let closed = false;
        service.next(place, (response) => {
          response.once('close', () => (closed = true));
          return place === 'stream' ? drops(response, 'text/event-stream', ':\n\n') : drops(response, 'application/json', ' ');
        });
        const followed = Followed.start(service, { feedTransport: place });
        await until(() => closed);
        await follows(service, followed);
        followed.stop();
      }),
    );
  });

  it.concurrent('A service that streams but has heard nothing new itself makes nobody believe that all is well', async () => {
    const service = await FeedService.start();
    service.always('stream', async (response, { at }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const tick = service.event(0, at); // of the moment at which it was asked first
      while (!response.destroyed) {
        response.write(tick);
        await sleep(100);
      }
    });
    const followed = Followed.start(service, { maxStale: 1, feedTransport: 'stream' });
    await until(() => followed.feed.freshness.state === 'fresh');
    await until(() => followed.feed.freshness.state === 'blind');
    await until(() => service.count('stream') >= 2); // another instance may know more
    service.always('stream');
    await follows(service, followed);
    followed.stop();
  });

  it.concurrent('A snapshot that stops coming is given up, and read again', async () => {
    const service = await FeedService.start();
    let closed = false;
    service.next('snapshot', (response) => {
      response.once('close', () => (closed = true));
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"up_ms":');
    });
    const followed = Followed.start(service);
    await until(() => closed);
    await follows(service, followed);
    expect(service.count('snapshot')).toBe(2);
    followed.stop();
  });

  it.concurrent('A snapshot may take long while it comes', async () => {
    const service = await FeedService.start();
    service.next('snapshot', async (response, { at }) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const cursor = Buffer.from('1;0').toString('base64url');
      for (const piece of JSON.stringify({ cursor, up_ms: 0 }).match(/.{1,3}/g) ?? []) {
        response.write(piece);
        await sleep(700);
      }
      expect(performance.now() - at).toBeGreaterThan(5_000);
      response.end();
    });
    const followed = Followed.start(service);
    await until(() => service.count('stream') === 1);
    expect(service.count('snapshot')).toBe(1);
    await follows(service, followed);
    followed.stop();
  });

  const ways = {
    'all of it until it ends': async (answer: IncomingMessage, response: ServerResponse) => {
      const pieces: Buffer[] = [];
      for await (const piece of answer) pieces.push(piece as Buffer);
      response.writeHead(answer.statusCode ?? 502, answer.headers).end(Buffer.concat(pieces));
    },
    'but for the head': (answer: IncomingMessage, response: ServerResponse) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders();
      if (answer.headers['content-type'] !== 'text/event-stream') answer.pipe(response);
    },
  };

  /** Stands before the service. */
  async function startProxy(service: FeedService, pass: (answer: IncomingMessage, response: ServerResponse) => unknown): Promise<Server> {
    const { hostname: host, port } = new URL(service.ownUrl);
    const proxy = createServer((request, response) => {
      const { url: path, method, headers } = request;
      const passing = requestOf({ host, port, path, method, headers, agent: false }, (answer) => {
        answer.on('error', () => response.destroy());
        void Promise.resolve(pass(answer, response)).catch(() => undefined);
      });
      passing.on('error', () => response.destroy());
      response.once('close', () => passing.destroy());
      request.pipe(passing);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    service.publicUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    return proxy;
  }

  it.concurrent.each(Object.entries(ways))(
    'A proxy that holds back what the service streams, %s: it is polled instead, without ever being blind',
    async (_name, pass) => {
      const service = await FeedService.start();
      const proxy = await startProxy(service, pass);
      const followed = Followed.start(service);
      await until(() => followed.feed.freshness.state === 'fresh');
      let blind = false;
      const watch = setInterval(() => (blind ||= !followed.feed.freshness.decides), 20);
      await until(() => log.some((line) => line.includes('no proxy buffers')) && followed.source.transport === 'poll');
      const streams = service.count('stream');
      expect(streams).toBe(2);
      await follows(service, followed);
      const polls = service.count('poll');
      await until(() => service.count('poll') >= polls + 1);
      clearInterval(watch);
      expect([service.count('stream'), blind]).toEqual([streams, false]);
      followed.stop();
      proxy.closeAllConnections();
      proxy.close();
    },
  );

  it.concurrent.each([
    ['the guard', 3_600, 0],
    ['the guard', -3_600, 0],
    ['the service', 0, 3_600],
    ['the service', 0, -3_600],
  ])('Clocks of %s that are set by an hour (%i, %i s) change nothing', async (_whose, ofGuard, ofService) => {
    const clock = new TestClock();
    const service = await FeedService.start();
    const early = newJti();
    service.revokeToken(early);
    const followed = Followed.start(service, {}, clock);
    await until(() => followed.knows(early));
    clock.advance(ofGuard);
    const dated = () => new Date(Date.now() + (900 + ofService) * 1000);
    await follows(service, followed, dated());
    service.endStreams();
    await follows(service, followed, dated());
    service.beginAnew();
    await follows(service, followed, dated());
    await sleep(1_100); // what has expired is let go of
    expect([followed.knows(early), followed.feed.freshness.state, followed.feed.size]).toEqual([true, 'fresh', 4]);
    expect(followed.feed.freshness.age).toBeLessThan(2_000);
    followed.stop();
  });

  it.concurrent('A service that is too busy is asked when it says (429, 503)', async () => {
    for (const status of [429, 503]) {
      const service = await FeedService.start();
      service.next('stream', (response) => sendJson(response, status, {}, { 'retry-after': '1' }));
      const followed = Followed.start(service);
      await until(() => service.count('stream') + service.count('poll') === 2);
      const [refused, again] = service.asked.filter(({ place }) => place === 'stream' || place === 'poll').map(({ at }) => at);
      expect((again ?? 0) - (refused ?? 0)).toBeGreaterThanOrEqual(1_000);
      await follows(service, followed);
      followed.stop();
    }
  });

  it.concurrent('A service that is too busy is not asked ever faster, whatever it answers', async () => {
    const service = await FeedService.start();
    service.always('snapshot', (response) => sendJson(response, 500, {}));
    const broken = Followed.start(service);
    const other = await FeedService.start();
    other.always('poll', (response, { at }) => sendJson(response, 200, { cursor: 'MTsw', up_ms: performance.now() - at })); // at once, though it should wait
    const hasty = Followed.start(other, { feedTransport: 'poll' });
    await sleep(1_500);
    broken.stop();
    hasty.stop();
    expect(service.count('snapshot')).toBeLessThanOrEqual(5); // 100, 200, 400, 800 ms at least
    expect(other.count('poll')).toBeLessThanOrEqual(31); // 50 ms
    expect(hasty.feed.freshness.state).toBe('fresh');
  });
});

it('A guard that stops leaves nothing open, whatever it is doing', async () => {
  for (const place of ['stream', 'poll', 'token', 'snapshot'] as const) {
    const service = await FeedService.start();
    if (place === 'token' || place === 'snapshot') service.always(place, () => undefined);
    const followed = Followed.start(service, { feedTransport: place === 'poll' ? 'poll' : 'stream' });
    await until(() => service.count(place) === 1);
    followed.stop();
    await until(() => service.connections === 0);
    const asked = service.asked.length;
    await sleep(300);
    expect(service.asked).toHaveLength(asked);
    await service.close();
  }
});

function followInProcess(service: FeedService, environment: Readonly<Record<string, string>> = {}) {
  const [loader, script] = ['../support/typescript.mjs', './support/follower-process.ts'].map((path) => new URL(path, import.meta.url));
  return spawn(process.execPath, ['--import', loader?.href ?? '', fileURLToPath(script ?? ''), service.url], {
    env: { ...process.env, NODE_OPTIONS: '', ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

it('By https it follows whom it can trust', async () => {
  const service = await FeedService.start('https');
  const child = followInProcess(service, { NODE_EXTRA_CA_CERTS: fileURLToPath(CERTIFICATE) });
  try {
    const [state] = (await once(child.stdout, 'data')) as [Buffer];
    expect(state.toString()).toBe('fresh');
    await until(() => service.streams === 1);
    const ended = once(child, 'exit');
    child.stdin.end('stop');
    expect(await ended).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});

it('By https it tells nobody else its secret, and says why', async () => {
  const service = await FeedService.start('https');
  const followed = Followed.start(service, { revocationFeedEndpoint: `${service.url}/revocations` });
  await until(() => log.some((line) => /cannot be read|cannot be followed/.test(line) && /SELF_SIGNED|self-signed/i.test(line)));
  expect([service.asked, followed.feed.freshness.state]).toEqual([[], 'cold']);
  followed.stop();
});

it('A process whose guard stops while the network swallows everything ends by itself', async () => {
  const service = await FeedService.start();
  const proxy = new TcpProxy(service.ownUrl);
  await proxy.open();
  service.publicUrl = proxy.url.replace(/\/$/, '');
  const child = followInProcess(service);
  try {
    const [state] = (await once(child.stdout, 'data')) as [Buffer];
    expect(state.toString()).toBe('fresh');
    await until(() => service.streams === 1);
    proxy.swallow();
    const ended = once(child, 'exit');
    child.stdin.end('stop');
    expect(await ended).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
    await proxy.cut();
  }
});

it(`${COUNT} revoked ids are taken in aside, in turns, and not as so many objects`, async () => {
  const service = await FeedService.start();
  const early = newJti();
  service.revokeToken(early);
  const followed = Followed.start(service);
  await until(() => followed.knows(early));

  const ids = Buffer.concat([Buffer.from(early, 'base64url').subarray(-8), randomBytes(8 * (COUNT - 1))]);
  const entries = [{ expires: Date.now() / 1000 + 900, ids: ids.toString('base64url') }];
  const body = Buffer.from(JSON.stringify({ cursor: Buffer.from('2;1').toString('base64url'), up_ms: 0, entries }));
  service.next('snapshot', (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(body));
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const used = () => {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = used();
  let [peak, turns, known, looked] = [0, 0, true, performance.now()];
  service.beginAnew();
  for (; followed.feed.size < COUNT; turns++, await nextTurn()) {
    known &&= followed.knows(early);
    if (performance.now() - looked < 400) continue;
    peak = Math.max(peak, used() - before);
    looked = performance.now();
  }
  expect(known).toBe(true);
  expect(turns).toBeGreaterThan(COUNT / 50_000);
  expect(peak).toBeLessThan(80 * COUNT);
  await follows(service, followed);
  followed.stop();
}, 60_000);
