import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { ClientStore } from '../../src/storage/client.store.js';
import { KeyStore } from '../../src/storage/key.store.js';
import { Followers } from '../../src/issuance/revocations/followers.js';
import { confidentialClient, type ClientBuilder } from '../support/clients.js';
import { onServer } from '../support/on-server.js';
import { ProtocolClient } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';
import { statementsDuring } from '../support/statement-count.js';
import type { EventStream } from './support/event-stream.js';
import { FEED, FeedClient, tokenOf } from './support/feed-client.js';

let service: TestService;
/** Follows all the time. */
let witness: EventStream;
beforeAll(async () => {
  service = await startService({ issuance: { backchannelLogout: false } });
  const follower = await FeedClient.at(service);
  witness = await follower.stream(await follower.cursor());
});
afterAll(async () => {
  witness.close();
  await service.close();
});

const settled = (settings: Parameters<ClientBuilder['withSettings']>[0]) => confidentialClient().withSettings(settings);
const setEnabled = ({ client }: FeedClient, enabled: boolean) =>
  service.get(ClientStore).setEnabled(client.id, enabled, service.clock.now());
const kidOf = (jwt: string): string => JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()).kid;
const open = async (follower: FeedClient): Promise<EventStream> => follower.stream(await follower.cursor());
const next = (stream: EventStream) => {
  const seen = stream.events.length;
  return stream.event(() => stream.events.length > seen);
};

describe('A stream ends without a word', () => {
  it.each([
    ['was revoked', {}, ({ client, token }: FeedClient) => new ProtocolClient(service.url, client).revoke(token)],
    [
      'was revoked and is a reference',
      { referenceAccessTokens: true },
      ({ client, token }: FeedClient) => new ProtocolClient(service.url, client).revoke(token),
    ],
    ['has expired', { accessTokenLifetime: 60 }, async () => service.clock.advance(61)],
    ['is of a client that was disabled at once', {}, (follower: FeedClient) => setEnabled(follower, false)],
    [
      'is of a client that was disabled later',
      {},
      (follower: FeedClient) => {
        service.clock.advance(90);
        return setEnabled(follower, false);
      },
    ],
    [
      'was signed by a key that was revoked',
      { accessTokenAlgorithm: 'RS256' as const },
      ({ token }: FeedClient) => service.get(KeyStore).revoke(kidOf(token), service.clock.now()),
    ],
  ])('whose token %s', async (_name, settings, end) => {
    const follower = await FeedClient.at(service, settled(settings));
    const stream = await open(follower);
    await end(follower);
    expect(await stream.end()).toBe('ended');
    expect(stream.events.map(({ name }) => name)).not.toContain('reload');
    expect((await follower.ask(FEED)).status).toBe(401);
    expect(witness.over).toBeUndefined();
  });

  it('but not one of a token that was issued after its client was enabled again', async () => {
    const follower = await FeedClient.at(service);
    await setEnabled(follower, false);
    await setEnabled(follower, true);
    // By its date alone nobody could tell: the clock stands still.
    const later = follower.with(await tokenOf(service, follower.client));
    const stream = await open(later);
    for (let events = 0; events < 3; events++) await next(stream);
    expect(stream.over).toBeUndefined();
    stream.close();
    expect((await follower.snapshot()).status).toBe(401);
  });

  it('and whoever polls is answered 401', async () => {
    const follower = await FeedClient.at(service);
    const from = await follower.cursor();
    const { count } = service.get(Followers);
    const polled = follower.part(from, 20);
    while (service.get(Followers).count === count) await sleep(5);
    await new ProtocolClient(service.url, follower.client).revoke(follower.token);
    expect(await polled).toMatchObject({ status: 401, body: { error: 'invalid_token' } });
  });
});

describe('A reader who is too slow', () => {
  /** Bytes that wait to be written, at most. */
  const BOUND = 262_144 + 500_000;
  const KEY = 8_000;
  const ROWS = 50;

  // Seen to fail: without the bound.
  it('is dropped, and resumes without loss; others are not disturbed, and what waits is bounded', async () => {
    const follower = await FeedClient.at(service);
    const server = service.app.getHttpServer();
    const sockets: { readonly writableLength: number }[] = [];
    server.on('connection', (socket: { readonly writableLength: number }) => sockets.push(socket));
    const from = await follower.cursor();
    const reader = await follower.stream(from);
    const slow = await follower.stream(from, { paused: true });
    const followers = service.get(Followers);
    expect(followers.count).toBe(3);

    const names: string[] = [];
    while (followers.count > 2) {
      const batch = Array.from({ length: ROWS }, () => randomBytes(KEY / 2).toString('hex'));
      names.push(...batch);
      await onServer(service.database.url, (client) => client.query(MARK, [batch.map((name) => Buffer.from(name))]));
      await reader.event(({ data }) => data.signing_keys?.some(({ kid }: { kid: string }) => kid === batch.at(-1)) ?? false);
      expect(Math.max(...sockets.map(({ writableLength }) => writableLength))).toBeLessThan(BOUND);
    }

    slow.resume();
    expect(await slow.end()).toBe('broken');
    const resumed = await follower.stream(slow.lastId ?? from);
    const heard = () => new Set([...slow.events, ...resumed.events].flatMap(kids));
    await resumed.event(() => heard().size === names.length);
    expect(names.filter((name) => !heard().has(name))).toEqual([]);
    expect(new Set(reader.events.flatMap(kids)).size).toBe(names.length);
    expect([reader.over, witness.over, resumed.over]).toEqual([undefined, undefined, undefined]);
    for (const stream of [reader, resumed]) stream.close();
  });

  const kids = ({ data }: { data: { signing_keys?: { kid: string }[] } }): string[] => (data.signing_keys ?? []).map(({ kid }) => kid);

  const MARK = `
    insert into revocation_log (kind, key, created_at, expires_at)
    select 4, key, now(), now() + interval '1 hour' from unnest($1::bytea[]) key`;
});

describe('What it costs', () => {
  /** The follower's token is looked up whenever he asks. */
  const ASKED = ['find'];
  const FOLLOWING = 'read_revocation_log_since';

  it('whoever resumes from a recent cursor of this instance costs no query, and so does the snapshot', async () => {
    const follower = await FeedClient.at(service);
    const old = await follower.cursor();
    await new ProtocolClient(service.url, follower.client).revoke(await tokenOf(service, follower.client));
    await follower.part(old, 20);
    expect(await statementsDuring(() => follower.part(old))).toEqual(ASKED);
    expect(await statementsDuring(() => follower.snapshot())).toEqual(ASKED);
    expect(await statementsDuring(async () => (await follower.stream(old)).close())).toEqual(ASKED);
  });

  it('and who comes with another one costs one, however many come with it', async () => {
    const follower = await FeedClient.at(service);
    const [epoch = '', snapshot = ''] = Buffer.from(await follower.cursor(), 'base64url')
      .toString()
      .split(';');
    // In a spelling that no reading has.
    const other = Buffer.from(`${epoch};1:${snapshot.split(':')[1]}:`).toString('base64url');
    const statements = await statementsDuring(() => Promise.all(Array.from({ length: 10 }, () => follower.part(other))));
    const reads = statements.filter((name) => name.startsWith('read_'));
    expect(reads.length).toBeGreaterThanOrEqual(1);
    expect(reads.length).toBeLessThan(10);
    expect(new Set(reads)).toEqual(new Set(['read_revocation_log_since_at_most']));
  });

  // Seen to fail: with a hub that never rests.
  it('nothing, a minute after the last follower has gone', async () => {
    const idle = await startService({ beside: service, issuance: { backchannelLogout: false } });
    try {
      expect(await statementsDuring(() => sleep(200), true)).toContain(FOLLOWING); // of the witness
      const follower = await FeedClient.at(idle);
      const stream = await open(follower);
      const timers = jest.spyOn(globalThis, 'setTimeout');
      for (const each of [stream, witness]) each.close();
      while (idle.get(Followers).count + service.get(Followers).count > 0) await sleep(5);
      expect(await statementsDuring(() => sleep(200), true)).toContain(FOLLOWING);
      const minutes = timers.mock.calls.filter(([, milliseconds]) => milliseconds === 60_000);
      expect(minutes).toHaveLength(2);
      for (const [over] of minutes) over();
      await sleep(100);
      expect(await statementsDuring(() => sleep(200), true)).toEqual([]);
      expect((await follower.snapshot()).status).toBe(200);
    } finally {
      jest.restoreAllMocks();
      await idle.close();
    }
  });
});

it('A stream lives ten minutes at most', async () => {
  const follower = await FeedClient.at(service);
  const stream = await open(follower);
  await next(stream);
  const now = performance.now.bind(performance);
  jest.spyOn(performance, 'now').mockImplementation(() => now() + 600_000);
  try {
    expect(await stream.end()).toBe('ended');
  } finally {
    jest.restoreAllMocks();
  }
});

it('An application that closes waits for nobody', async () => {
  const closing = await startService({ beside: service });
  const follower = (await FeedClient.at(closing)).beside(closing);
  const from = await follower.cursor();
  const stream = await follower.stream(from);
  await stream.event(() => true);
  const part = follower.part(from, 20);
  await follower.part(from);
  await closing.close();
  expect(await stream.end()).toBe('ended');
  expect([(await part).status, Object.keys((await part).body).sort()]).toEqual([200, ['cursor', 'up_ms']]);
});
