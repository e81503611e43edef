import { randomUUID } from 'node:crypto';
import { bucketOf, EntryType, formatTokenId, type EntryKey } from '../../src/protocol/entry-key.js';
import { formatToken, newAccessNumber, newIdentifier } from '../../src/protocol/token-string.js';
import { RevocationKind } from '../../src/storage/revocation.store.js';
import { FeedStatus, ValidationModule, type OnStale, type ValidationOptions } from '../../src/validation/index.js';
import { TestClock } from '../support/test-clock.js';
import { AUDIENCE, claimsOf } from './support/claims.js';
import { FeedService, sendJson, type Place } from './support/feed-service.js';
import { CREDENTIALS, until } from './support/followed.js';
import { clockModule, startApi, type RunningApi } from './support/hosts.js';
import { createSigningKey, signJwt, type SigningKey } from './support/signed.js';
import { TodosController } from './support/todo.controllers.js';

const FEED: readonly Place[] = ['snapshot', 'stream', 'poll'];
const STALE: readonly OnStale[] = ['check', 'deny', 'allow'];

type Apis = ReadonlyMap<OnStale, RunningApi>;

const clock = new TestClock();
let service: FeedService;
let apis: Apis;
/** APIs of another service, which tells nothing. */
let mute: FeedService;
let starting: Promise<Apis>;

const start = async (issuer: FeedService, options: Partial<ValidationOptions> = {}): Promise<Apis> => {
  const given = {
    issuer: issuer.url,
    audience: AUDIENCE,
    check: 'feed',
    ...CREDENTIALS,
    maxStale: 1,
    exactConcurrency: 2,
    ...options,
  } as const;
  const api = (onStale: OnStale) =>
    startApi('Fastify', {
      imports: [clockModule(clock), ValidationModule.forRoot({ ...given, onStale })],
      controllers: [TodosController],
    });
  return new Map(await Promise.all(STALE.map(async (onStale) => [onStale, await api(onStale)] as const)));
};
const of = (onStale: OnStale, among = apis) => among.get(onStale) as RunningApi;
const statusOf = async (api: RunningApi, token: string) => (await api.get('/todos', token)).status;
const statuses = (token: string, among = apis) => Promise.all(STALE.map((onStale) => statusOf(of(onStale, among), token)));
const feedOf = (api: RunningApi) => api.app.get(FeedStatus, { strict: false });
const untilAll = (state: string, among = apis) => until(() => [...among.values()].every((api) => feedOf(api).state === state));

/** A token that introspection knows as good, with its `jti`. */
function issue(format: 'signed' | 'reference', changes: Record<string, unknown> = {}, issuer = service) {
  const key: EntryKey = {
    bucket: bucketOf(clock.now()),
    authorizationId: randomUUID(),
    type: EntryType.accessToken,
    number: newAccessNumber(),
  };
  const jti = formatTokenId(key);
  const claims = claimsOf(issuer.url, clock, { jti, ...changes });
  const token = format === 'signed' ? signJwt(issuer.key, claims) : formatToken({ key, identifier: newIdentifier() });
  issuer.active.set(token, claims);
  return { token, jti };
}

/** Ends it where it is introspected, and in the log. */
function revoke({ token, jti }: ReturnType<typeof issue>): void {
  service.active.delete(token);
  service.revokeToken(jti);
}

function silence(issuer: FeedService): void {
  for (const place of FEED) issuer.always(place, (response) => sendJson(response, 503, {}, { 'retry-after': '0' }));
  issuer.endStreams();
}

function speak(issuer: FeedService): void {
  for (const place of FEED) issuer.always(place);
}

beforeAll(async () => {
  [service, mute] = [await FeedService.start(), await FeedService.start()];
  silence(mute);
  starting = start(mute); // waits for the feed before it listens, while other tests run
  apis = await start(service);
});
afterAll(async () => {
  await Promise.all([...apis.values(), ...(await starting).values()].map((api) => api.close()));
  await Promise.all([service.close(), mute.close()]);
});

describe('An API without the database that follows the feed over HTTP', () => {
  it('refuses what is revoked without asking anybody', async () => {
    for (const api of apis.values()) expect(feedOf(api).state).toBe('fresh');
    const good = issue('signed');
    expect(await statuses(good.token)).toEqual([200, 200, 200]);
    revoke(good);
    await until(async () => (await statuses(good.token)).every((status) => status === 401));
    expect(service.count('introspect')).toBe(0);
    expect(feedOf(of('check')).transport).toBe('stream');
    expect(feedOf(of('check')).denials).toBeGreaterThanOrEqual(1);
  });

  it('introspects a reference token once, and then answers from memory until it expires or is revoked', async () => {
    const api = of('check');
    const [token, short] = [issue('reference'), issue('reference', { exp: Math.floor(clock.now().getTime() / 1000) + 60 })];
    const introspected = service.count('introspect');
    const many = await Promise.all(Array.from({ length: 10 }, () => statusOf(api, token.token)));
    expect([new Set(many), service.count('introspect')]).toEqual([new Set([200]), introspected + 1]);
    expect([await statusOf(api, short.token), await statusOf(api, token.token)]).toEqual([200, 200]);
    clock.advance(61);
    expect(await statusOf(api, short.token)).toBe(401);
    clock.advance(-61);
    revoke(token);
    await until(async () => (await statusOf(api, token.token)) === 401);
    expect(service.count('introspect')).toBe(introspected + 2);
  });

  it('refuses what belongs to a grant or was signed by a key that ended, and asks about a client that did', async () => {
    const api = of('check');
    const expiresAt = new Date(Date.now() + 900_000);
    const ofGrant = issue('signed');
    service.revoke({ kind: RevocationKind.authorization, key: Buffer.from(ofGrant.jti, 'base64url').subarray(4, 20), expiresAt });
    await until(async () => (await statusOf(api, ofGrant.token)) === 401);

    const [ofClient, later] = [issue('signed', { client_id: 'other' }), issue('signed', { client_id: 'other' })];
    expect(await statusOf(api, ofClient.token)).toBe(200);
    service.active.delete(ofClient.token);
    const { held } = feedOf(api);
    service.revoke({ kind: RevocationKind.client, key: Buffer.from('other'), notBefore: clock.now(), expiresAt });
    await until(() => feedOf(api).held > held);
    expect([await statusOf(api, ofClient.token), await statusOf(api, later.token)]).toEqual([401, 200]);
  });

  describe('when nothing is heard of revocations any more', () => {
    it('decides alone for maxStale at most, then as onStale says, and never puts more questions at once than it may', async () => {
      const [known, reference, revoked, late] = [issue('signed'), issue('reference'), issue('signed'), issue('signed')];
      revoke(revoked);
      for (const { token } of [known, reference, late]) expect(await statuses(token)).toEqual([200, 200, 200]);
      await until(async () => (await statuses(revoked.token)).every((status) => status === 401));
      silence(service);
      revoke(late);
      const revokedAt = performance.now();
      const accepted: number[] = [];
      // Whoever decides alone must not go on doing so.
      while (performance.now() < revokedAt + 1_500) {
        const asked = performance.now();
        for (const onStale of ['check', 'deny'] as const)
          if ((await statusOf(of(onStale), late.token)) === 200) accepted.push(asked - revokedAt);
      }
      expect(accepted.filter((after) => after > 1_000)).toEqual([]);
      expect(accepted.length).toBeGreaterThan(0);
      await untilAll('blind');

      expect(await statuses(revoked.token)).toEqual([401, 401, 401]);
      expect(await statuses(late.token)).toEqual([401, 503, 200]);
      expect(await statuses(known.token)).toEqual([200, 503, 200]);
      expect(await statuses(reference.token)).toEqual([200, 503, 200]);
      const answer = await of('deny').get('/todos', known.token);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);

      const introspected = service.count('introspect');
      service.mostIntrospecting = 0;
      const tokens = Array.from({ length: 40 }, () => issue('signed').token);
      const answers = await Promise.all(tokens.flatMap((token) => [statusOf(of('check'), token), statusOf(of('check'), token)]));
      expect(new Set(answers)).toEqual(new Set([200]));
      expect([service.mostIntrospecting, service.count('introspect') - introspected]).toEqual([2, 40]);
    });

    it('answers 503 where introspection fails too, unless tokens are to pass unseen', async () => {
      const token = issue('signed').token;
      service.always('introspect', (response) => sendJson(response, 503, {}));
      expect(await statuses(token)).toEqual([503, 503, 200]);
      service.always('introspect');
      expect(await statuses(token)).toEqual([200, 503, 200]);
      expect(of('allow').log.some(({ level, text }) => level === 'warn' && text.includes('may have been revoked'))).toBe(true);
    });

    it('recovers by itself, and knows what was revoked meanwhile', async () => {
      const meanwhile = issue('signed');
      revoke(meanwhile);
      speak(service);
      await untilAll('fresh');
      expect(await statuses(meanwhile.token)).toEqual([401, 401, 401]);
      expect(await statuses(issue('signed').token)).toEqual([200, 200, 200]);
      await until(() => of('check').log.some(({ text }) => text.includes('Revocations are known again')));
    });
  });

  it('starts without it, treats tokens as onStale says, and reads all of it as soon as it may', async () => {
    const cold = await starting;
    for (const api of cold.values())
      expect([feedOf(api).state, feedOf(api).age, feedOf(api).transport]).toEqual(['cold', undefined, undefined]);
    expect(of('check').log.some(({ text }) => text.includes('Revocations cannot be read yet'))).toBe(true);
    const [good, ended, reference] = [issue('signed', {}, mute), issue('signed', {}, mute), issue('reference', {}, mute)];
    mute.active.delete(ended.token);
    expect(await statuses(good.token, cold)).toEqual([200, 503, 200]);
    expect(await statuses(ended.token, cold)).toEqual([401, 503, 200]);
    expect(cold.get('check')?.log.some(({ level, text }) => level === 'warn' && text.includes('permit the client to introspect'))).toBe(
      true,
    );
    expect(await statuses(reference.token, cold)).toEqual([200, 503, 200]); // what was never seen is looked up
    mute.revokeToken(ended.jti);
    speak(mute);
    await untilAll('fresh', cold);
    expect(await statuses(ended.token, cold)).toEqual([401, 401, 401]);
    expect(await statuses(good.token, cold)).toEqual([200, 200, 200]);
  });

  // Seen to fail: a token that names a key nobody has, sent by anybody shortly before, kept the new key's tokens out for ten seconds.
  it('looks for the key that takes over as soon as one was revoked', async () => {
    const api = of('check');
    const next = createSigningKey('ES256');
    const signedBy = (key: SigningKey) => {
      const entry = {
        bucket: bucketOf(clock.now()),
        authorizationId: randomUUID(),
        type: EntryType.accessToken,
        number: newAccessNumber(),
      };
      return signJwt(key, claimsOf(service.url, clock, { jti: formatTokenId(entry) }));
    };
    expect([await statusOf(api, signedBy(service.key)), await statusOf(api, signedBy(createSigningKey('ES256')))]).toEqual([200, 401]);
    service.always('jwks', (response) => sendJson(response, 200, { keys: [service.key.publicJwk, next.publicJwk] }));
    expect(await statusOf(api, signedBy(next))).toBe(401);
    const { held } = feedOf(api);
    service.revoke({ kind: RevocationKind.signingKey, key: Buffer.from('another'), expiresAt: new Date(Date.now() + 900_000) });
    await until(() => feedOf(api).held > held);
    expect(await statusOf(api, signedBy(next))).toBe(200);
    service.always('jwks');
  });

  it('logs neither tokens nor secrets', () => {
    const secrets = new RegExp(`${CREDENTIALS.clientSecret}|feed-[0-9a-f]|eyJ|cs_at_`);
    expect(of('check').log.filter(({ text }) => secrets.test(text))).toEqual([]);
    expect(of('check').log.some(({ text }) => text.includes('The revocation feed cannot be followed: status 503'))).toBe(true);
  });
});
