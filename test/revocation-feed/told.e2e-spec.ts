import { setTimeout as sleep } from 'node:timers/promises';
import { KeyStore } from '../../src/storage/key.store.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { UserStore } from '../../src/storage/user.store.js';
import { confidentialClient, type TestClient } from '../support/clients.js';
import { claimsOf } from '../support/jwt.js';
import { onServer } from '../support/on-server.js';
import { ProtocolClient, signUp } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';
import type { EventStream } from './support/event-stream.js';
import { FeedClient, tokenOf } from './support/feed-client.js';
import { heldBy, judge } from './support/told.js';

let service: TestService;
let follower: FeedClient;
beforeAll(async () => {
  service = await startService();
  follower = await FeedClient.at(service);
});
afterAll(() => service.close());

const machine = (settings = {}): Promise<TestClient> => confidentialClient().withSettings(settings).register(service);
const firstParty = () => new ProtocolClient(service.url, { id: 'first-party', secret: undefined });
const kidOf = (jwt: string): string => JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()).kid;

/** The first one that is not as old as the one before: it is written once for all who ask soon after one another. */
async function nextSnapshot(cursor: string): ReturnType<FeedClient['snapshot']> {
  for (;;) {
    const snapshot = await follower.snapshot();
    if (snapshot.body.cursor !== cursor) return snapshot;
    await sleep(20);
  }
}

/** Something that ends: the token that dies with it, and how it ends. */
interface Ending {
  readonly jwt: string;
  readonly end: () => Promise<unknown>;
}

const ENDINGS: readonly [string, () => Promise<Ending>][] = [
  [
    'a token revoked at the endpoint',
    async () => {
      const client = await machine();
      const jwt = await tokenOf(service, client, '');
      return { jwt, end: () => new ProtocolClient(service.url, client).revoke(jwt) };
    },
  ],
  [
    'a family, by its refresh token',
    async () => {
      const { accessToken, refreshToken } = await signUp(service.url);
      return { jwt: accessToken, end: () => firstParty().revoke(refreshToken) };
    },
  ],
  [
    'a family, by reuse',
    async () => {
      const { accessToken, refreshToken } = await signUp(service.url);
      await firstParty().refresh(refreshToken);
      return {
        jwt: accessToken,
        end: () => {
          service.clock.advance(31);
          return firstParty().refresh(refreshToken);
        },
      };
    },
  ],
  [
    'a person who is disabled',
    async () => {
      const { accessToken, userId } = await signUp(service.url);
      return { jwt: accessToken, end: () => service.get(UserStore).setEnabled(userId, false, service.clock.now()) };
    },
  ],
  [
    'a client that is disabled',
    async () => {
      const client = await machine();
      const jwt = await tokenOf(service, client, '');
      service.clock.advance(10);
      return { jwt, end: () => service.get(ClientStore).setEnabled(client.id, false, service.clock.now()) };
    },
  ],
  [
    'a signing key that is revoked',
    async () => {
      const jwt = await tokenOf(service, await machine({ accessTokenAlgorithm: 'RS256' }), '');
      return { jwt, end: () => service.get(KeyStore).revoke(kidOf(jwt), service.clock.now()) };
    },
  ],
];

describe('What is told, by the snapshot, by a part and by the stream', () => {
  let stream: EventStream;
  afterEach(() => stream?.close());

  it.each(ENDINGS)('%s', async (_name, prepare) => {
    const { jwt, end } = await prepare();
    const living = await tokenOf(service, await machine(), '');
    const before = await follower.snapshot();
    stream = await follower.stream(before.body.cursor);
    const waiting = follower.part(before.body.cursor, 20);
    expect(judge(heldBy([before.body]), jwt)).toBe('clear');

    await end();
    const delta = await stream.event(({ name }) => name === 'delta');
    const part = await waiting;
    const after = await nextSnapshot(before.body.cursor);
    expect([part.status, after.status]).toEqual([200, 200]);
    for (const parts of [[delta.data], [part.body], [after.body]]) {
      expect(judge(heldBy(parts), jwt)).toBe('revoked');
      expect(judge(heldBy(parts), living)).toBe('clear');
      // Whose it was cannot be read from it.
      const { jti, sub, sid } = claimsOf(jwt);
      for (const name of [jti, Buffer.from(jti, 'base64url').toString('hex'), sub, sid ?? jti])
        if (sub !== claimsOf(jwt).client_id || name !== sub) expect(JSON.stringify(parts)).not.toContain(name);
    }
  });

  it('nothing of what was configured', async () => {
    const cursor = await follower.cursor();
    stream = await follower.stream(cursor);
    await log([5, Buffer.from('configured')]);
    await log([4, Buffer.from('some-key')]);
    const delta = await stream.event(({ name }) => name === 'delta');
    expect(delta.data).toEqual({ up_ms: expect.any(Number), signing_keys: [{ kid: 'some-key', expires: expect.any(Number) }] });
    const answers = [(await follower.part(cursor)).body, (await follower.snapshot()).body, ...stream.events.map(({ data }) => data)];
    expect(JSON.stringify(answers)).not.toMatch(new RegExp(`${Buffer.from('configured').toString('base64url')}|configured`));
  });
});

const log = (values: readonly [number, Buffer]): Promise<unknown> =>
  onServer(service.database.url, (client) =>
    client.query(`insert into revocation_log (kind, key, created_at, expires_at) values ($1, $2, now(), now() + interval '1 hour')`, [
      ...values,
    ]),
  );

describe('How old it is', () => {
  it('a part is answered by a reading that began after the question, at once or when the time is over', async () => {
    const cursor = await follower.cursor();
    for (const [wait, least] of [
      [0, 0],
      [0.5, 200],
    ] as const) {
      const { body } = await follower.part(cursor, wait);
      expect(Object.keys(body).sort()).toEqual(['cursor', 'up_ms']);
      expect(body.up_ms).toBeGreaterThanOrEqual(least);
    }
  });

  it('a stream ticks, each time younger', async () => {
    const stream = await follower.stream(await follower.cursor());
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    expect(stream.headers).not.toHaveProperty('content-encoding');
    await stream.event(() => stream.events.length >= 3);
    const [, ...ticks] = stream.events;
    expect(ticks.map(({ name }) => name)).toEqual(ticks.map(() => 'tick'));
    const ages = ticks.map(({ data }) => data.up_ms);
    expect(ages).toEqual([...ages].sort((a, b) => a - b));
    expect(new Set(ages).size).toBe(ages.length);
    stream.close();
  });
});
