import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { RevocationKind } from '../../src/storage/revocation.store.js';
import { FeedStatus } from '../../src/validation/feed/feed-status.js';
import { TestClock } from '../support/test-clock.js';
import { claimsOf } from './support/claims.js';
import { FeedService, sendJson, type Asked, type Place, type Script } from './support/feed-service.js';
import { Followed, keepLog, until } from './support/followed.js';

const clock = new TestClock();
const log = keepLog();
const newJti = () => claimsOf('https://id.example.com', clock).jti as string;
const status =
  (code: number, body: unknown = {}, headers: Record<string, string> = {}): Script =>
  (response) =>
    sendJson(response, code, body, headers);
const text =
  (type: string, body: string, headers: Record<string, string> = {}): Script =>
  (response) =>
    void response.writeHead(200, { 'content-type': type, ...headers }).end(body);
/** A stream that brings this and then nothing, but stays open. */
const events =
  (body: (service: FeedService, asked: Asked) => string): ((service: FeedService) => Script) =>
  (service) =>
  (response, asked) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(body(service, asked));
  };

/** A service with one token revoked, and somebody who follows it. */
async function follow(options: Parameters<typeof Followed.start>[1] = {}) {
  const service = await FeedService.start();
  const early = newJti();
  service.revokeToken(early);
  return { service, early, start: () => Followed.start(service, options, clock) };
}

/** Follows, and knows what is revoked from now on. */
async function follows(service: FeedService, followed: Followed) {
  const late = newJti();
  service.revokeToken(late);
  await until(() => followed.knows(late));
  await until(() => followed.feed.freshness.state === 'fresh');
}

// Waiting costs nothing: these wait beside each other.
it.concurrent('The feed is followed: all that is in force, then what comes, with a token of the client', async () => {
  const { service, early, start } = await follow();
  const [authorization, kid] = [randomBytes(16), 'key-1'];
  const expiresAt = new Date(Date.now() + 900_000);
  service.revoke({ kind: RevocationKind.authorization, key: authorization, expiresAt });
  const followed = start();
  await until(() => followed.knows(early));
  service.revoke(
    { kind: RevocationKind.client, key: Buffer.from('web'), notBefore: new Date(), expiresAt },
    { kind: RevocationKind.signingKey, key: Buffer.from(kid), expiresAt },
  );
  await until(() => followed.feed.size === 4);
  expect(followed.source.transport).toBe('stream');
  expect(followed.feed.freshness.state).toBe('fresh');

  const [token, snapshot, stream] = (['token', 'snapshot', 'stream'] as const).map(
    (place) => service.asked.find((asked) => asked.place === place) as Asked,
  );
  expect(Object.fromEntries(token?.form ?? [])).toEqual({ grant_type: 'client_credentials', scope: 'revocations:read' });
  expect(token?.request.headers.authorization).toBe(`Basic ${Buffer.from('api:s3cret').toString('base64')}`);
  for (const asked of [snapshot, stream]) {
    expect(asked?.request.headers).toMatchObject({
      authorization: expect.stringMatching(/^Bearer feed-/),
      'cache-control': 'no-store',
    });
    expect(asked?.request.headers['accept-encoding']).toBeUndefined();
  }
  expect(stream?.request.headers['last-event-id']).toBeTruthy();
  followed.stop();
});

it.concurrent('What is revoked between two connections is not missed: the next begins where the last one ended', async () => {
  const { service, start } = await follow({ feedTransport: 'stream' });
  const followed = start();
  await follows(service, followed);
  await follows(service, followed); // by the stream now: the snapshot has been read
  for (let round = 0; round < 3; round++) {
    const between = newJti();
    service.next('stream', (response, asked) => {
      service.revokeToken(between);
      return service.answer(response, asked);
    });
    service.endStreams();
    await until(() => followed.knows(between));
    await follows(service, followed);
  }
  expect(service.count('snapshot')).toBe(1);
  const places = service.asked.flatMap(({ request }) => request.headers['last-event-id'] ?? []);
  expect(places.length).toBeGreaterThanOrEqual(4);
  expect(new Set(places).size).toBe(places.length);
  followed.stop();
});

const half = events((service, { at }) => service.event(0, at).slice(0, -20));
/** How the first stream is answered. */
const faults: readonly (readonly [string, (service: FeedService) => Script])[] = [
  ['an end without a word', () => text('text/event-stream', '')],
  [
    'an end in the middle of an event',
    (service) => async (response, asked) => {
      await half(service)(response, asked);
      response.end();
    },
  ],
  ['a broken line', () => (response) => void response.socket?.destroy()],
  [
    'a broken line after the head',
    (service) => async (response, asked) => {
      await half(service)(response, asked);
      setTimeout(() => response.socket?.destroy(), 50);
    },
  ],
  ['an event that is not JSON', events(() => 'id: x\nevent: delta\ndata: {"up_ms":\n\n')],
  ['an event without a date', events(() => 'id: x\nevent: tick\ndata: {}\n\n')],
  ['ids that are none', events(() => 'id: x\nevent: delta\ndata: {"up_ms":1,"entries":[{"expires":1,"ids":"AAAA"}]}\n\n')],
  ['a cursor that could not be sent back', events(() => `id: ${'x'.repeat(20_000)}\nevent: tick\ndata: {"up_ms":1}\n\n`)],
  ['an event without an end', events(() => 'x'.repeat(6 << 20))],
  ['another type of content', () => text('text/html', '<h1>Sign in</h1>')],
  ['a compressed answer', () => text('text/event-stream', 'x', { 'content-encoding': 'gzip' })],
  ['an answer that is unavailable (503)', () => status(503, {}, { 'retry-after': '0' })],
  ['a gateway that does not reach the service (502)', () => (response) => void response.writeHead(502).end('<h1>')],
];
it.concurrent.each(faults)('Nothing is lost, and it is followed again, after %s', async (_name, script) => {
  const { service, start } = await follow();
  service.next('stream', script(service));
  const followed = start();
  await until(() => service.count('stream') === 1);
  await follows(service, followed);
  expect([service.count('snapshot'), followed.feed.size]).toEqual([1, 2]);
  followed.stop();
});

const reloads: readonly (readonly [string, (service: FeedService) => Script])[] = [
  ['a cursor that the service knows no more (410)', () => status(410, { reload: 'snapshot' })],
  ['a cursor that the service does not understand (400)', () => status(400, { error: 'invalid_request' })],
  ['the event reload', events(() => 'event: reload\ndata: {}\n\n')],
];
it.concurrent.each(reloads)('After %s all of it is read anew, and what was known serves meanwhile', async (_name, script) => {
  const { service, early, start } = await follow();
  service.next('stream', script(service));
  let known: boolean | undefined;
  service.next(
    'snapshot',
    (response, asked) => service.answer(response, asked),
    async (response, asked) => {
      known = followed.knows(early);
      await service.answer(response, asked);
    },
  );
  const followed = start();
  await until(() => service.count('snapshot') === 2);
  await follows(service, followed);
  expect([followed.feed.size, known]).toEqual([2, true]);
  followed.stop();
});

const answers: readonly (readonly [string, Place, Script])[] = [
  ['a snapshot that is not JSON', 'snapshot', text('application/json', '{"cursor":')],
  ['a snapshot without a cursor', 'snapshot', status(200, { up_ms: 0 })],
  ['a snapshot with ids that are none', 'snapshot', status(200, { cursor: 'x', up_ms: 0, entries: [{ ids: 'AAAA', expires: 1 }] })],
  [
    'a snapshot that breaks off',
    'snapshot',
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('{');
      setTimeout(() => response.socket?.destroy(), 20);
    },
  ],
  ['a token answer that is none', 'token', text('text/html', '<h1>')],
  ['a token that cannot be sent', 'token', status(200, { access_token: 'a\r\nb', token_type: 'Bearer', expires_in: 900 })],
  ['a token of another type', 'token', status(200, { access_token: 'a', token_type: 'DPoP', expires_in: 900 })],
  ['a poll that is too long', 'poll', text('application/json', `"${'x'.repeat(5 << 20)}"`)],
  ['a poll that is unavailable', 'poll', status(503)],
];
it.concurrent.each(answers)('It is followed after %s', async (_name, place, script) => {
  const { service, early, start } = await follow(place === 'poll' ? { feedTransport: 'poll' } : {});
  service.next(place, script);
  const followed = start();
  await until(() => service.count(place) === 1);
  await follows(service, followed);
  expect(followed.knows(early)).toBe(true);
  followed.stop();
});

it.concurrent('A token that is refused is replaced, once at once; the log says nothing of it', async () => {
  const { service, start } = await follow();
  const followed = start();
  await until(() => service.streams === 1);
  const before = log.length;
  service.endTokens();
  service.endStreams();
  await follows(service, followed);
  expect([service.count('token'), service.count('snapshot')]).toEqual([2, 1]);
  expect(log.slice(before).filter((line) => line.includes(': status 401'))).toEqual([]);

  // Refused again and again: not as fast as it can.
  service.always('stream', status(401));
  service.always('poll', status(401));
  const asked = () => service.count('stream') + service.count('poll');
  const [tokens, streams] = [service.count('token'), asked()];
  service.endStreams();
  await until(() => asked() === streams + 3);
  expect(service.count('token') - tokens).toBeLessThanOrEqual(4);
  const times = service.asked.filter(({ place }) => place === 'stream' || place === 'poll').map(({ at }) => at);
  expect((times.at(-1) ?? 0) - (times.at(-2) ?? 0)).toBeGreaterThanOrEqual(90);
  expect(log.some((line) => line.includes(': status 401'))).toBe(true);
  service.always('stream');
  service.always('poll');
  await follows(service, followed);
  followed.stop();
});

it.concurrent('A token is renewed before it ends, and the old one serves while that fails', async () => {
  const { service, start } = await follow({ feedTransport: 'poll' });
  service.tokenLife = 1;
  service.next('token', (response, asked) => service.answer(response, asked), status(503), status(503));
  const followed = start();
  await until(() => service.count('token') === 2);
  service.tokenLife = 900;
  await follows(service, followed);
  await until(() => service.count('token') === 4); // the third of them once the first has ended
  await follows(service, followed);
  const tokens = new Set(service.asked.filter(({ place }) => place === 'poll').map(({ request }) => request.headers.authorization));
  expect([tokens.size, service.refusedTokens]).toEqual([2, 0]);
  followed.stop();
});

/** Answers properly, then not at all. */
function answersOnce(service: FeedService, place: Place) {
  const unanswered: ServerResponse[] = [];
  service.next(place, (response, asked) => service.answer(response, asked));
  service.always(place, (response) => void unanswered.push(response));
  return { unanswered, waiting: () => unanswered.some((response) => !response.destroyed) };
}

it.concurrent('Nobody waits for another token while the one that is held is good', async () => {
  const { service, start } = await follow({ feedTransport: 'poll' });
  service.tokenLife = 6; // a poll takes up to a second
  const endpoint = answersOnce(service, 'token');
  const followed = start();
  await until(endpoint.waiting);
  await follows(service, followed);
  expect(endpoint.waiting()).toBe(true);
  service.always('token');
  followed.stop();
});

it.concurrent('Nobody waits for the discovery document while an earlier one serves', async () => {
  const [service, ownClock] = [await FeedService.start(), new TestClock()];
  const followed = Followed.start(service, { feedTransport: 'poll', jwksMaxAge: 10 }, ownClock);
  await follows(service, followed);
  const unanswered: ServerResponse[] = [];
  service.always('discovery', (response) => void unanswered.push(response));
  ownClock.advance(11);
  await until(() => unanswered.length === 1);
  await follows(service, followed);
  expect([unanswered.length, unanswered[0]?.destroyed]).toEqual([1, false]);
  followed.stop();
});

it.concurrent('While a stream runs another token is fetched in time: the next stream begins with it', async () => {
  const { service, start } = await follow({ feedTransport: 'stream' });
  service.tokenLife = 2;
  const followed = start();
  await until(() => service.count('token') === 2);
  expect(service.count('stream')).toBe(1);
  service.tokenLife = 900;
  await follows(service, followed);
  service.endStreams();
  await until(() => service.count('stream') === 2);
  await follows(service, followed);
  const tokens = service.asked.filter(({ place }) => place === 'stream').map(({ request }) => request.headers.authorization);
  expect([new Set(tokens).size, service.count('token'), service.refusedTokens]).toEqual([2, 2, 0]);
  followed.stop();
});

it.concurrent('A stream that outlived a suspension of the machine is not taken for young: another one is opened', async () => {
  const { service, start } = await follow({ feedTransport: 'stream' });
  service.next('stream', async (response, asked) => {
    // As if ten seconds had passed that our clock knows nothing of.
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(service.event(0, asked.at - 10_000));
    await once(response, 'close');
  });
  const followed = start();
  await until(() => service.count('stream') === 2);
  await follows(service, followed);
  expect(log.some((line) => line.includes('suspension'))).toBe(true);
  followed.stop();
});

it.concurrent('It goes stale before it is blind; by then nothing is heard by any way', async () => {
  const { service, start } = await follow({ feedTransport: 'stream', maxStale: 4 });
  const followed = start();
  const status = new FeedStatus(followed.feed);
  expect(status.transport).toBeUndefined();
  await follows(service, followed);
  await until(() => status.transport === 'stream');
  await service.close();
  await until(() => status.state === 'stale');
  expect(status.transport).toBe('stream');
  await until(() => status.state === 'blind');
  expect(status.transport).toBeUndefined();
  followed.stop();
});

it.concurrent('It is polled where the option says so, often enough to stay fresh', async () => {
  const { service, early, start } = await follow({ feedTransport: 'poll', maxStale: 1 });
  const followed = start();
  await until(() => service.count('poll') >= 4);
  await follows(service, followed);
  expect([followed.knows(early), followed.source.transport, service.count('stream')]).toEqual([true, 'poll', 0]);
  const waits = service.asked.filter(({ place }) => place === 'poll').map(({ url }) => url.searchParams.get('wait'));
  expect(new Set(waits)).toEqual(new Set(['0.5']));
  followed.stop();
});

it.concurrent('What somebody must change is logged, and it is tried at the slow end until they have', async () => {
  const cases: readonly (readonly [place: Place, script: Script, text: RegExp])[] = [
    ['token', status(401, { error: 'invalid_client' }), /invalid_client.*clientId, clientSecret and clientAuthentication/],
    ['token', status(400, { error: 'invalid_scope' }), /invalid_scope.*scope revocations:read/],
    ['token', status(400, { error: 'unauthorized_client' }), /unauthorized_client.*client_credentials/],
    ['token', status(200, { access_token: 'a', token_type: 'bearer', expires_in: 9, scope: 'todos:read' }), /lacks the scope/],
    ['token', status(307, {}, { location: '/elsewhere' }), /status 307.*redirects.*issuer/],
    ['snapshot', status(403, { error: 'insufficient_scope' }), /403.*revocations:read/],
    ['snapshot', status(404), /404.*revocationFeedEndpoint/],
    ['snapshot', status(302, {}, { location: '/elsewhere' }), /302.*redirects.*revocationFeedEndpoint/],
    ['snapshot', status(200, {}, { age: '7' }), /cache/],
  ];
  await Promise.all(
    cases.map(async ([place, script, text]) => {
      const { service, early, start } = await follow();
      service.always(place, script);
      const followed = start();
      await until(() => log.some((line) => text.test(line)));
      service.always(place);
      await until(() => followed.knows(early));
      await follows(service, followed);
      const times = service.asked.filter((asked) => asked.place === place).map(({ at }) => at);
      expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(2_000);
      followed.stop();
    }),
  );
  expect(log.filter((line) => /s3cret|feed-[0-9a-f]/.test(line))).toEqual([]);
});
