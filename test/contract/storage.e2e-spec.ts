import { randomBytes } from 'node:crypto';
import { bucketOf, EntryType, type EntryKey } from '../../src/protocol/entry-key.js';
import { tokenHash } from '../../src/protocol/hashing.js';
import { newAccessNumber, newIdentifier, type ReferenceToken } from '../../src/protocol/token-string.js';
import { uuidv7 } from '../../src/protocol/uuid.js';
import { AuthorizationStore, type NewEntry, type Redemption } from '../../src/storage/authorization.store.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { FailureStore } from '../../src/storage/failure.store.js';
import { KeyStore } from '../../src/storage/key.store.js';
import { LeaseStore } from '../../src/storage/lease.store.js';
import { MaintenanceStore } from '../../src/storage/maintenance.store.js';
import { RevocationStore } from '../../src/storage/revocation.store.js';
import { ScopeStore } from '../../src/storage/scope.store.js';
import { SessionStore } from '../../src/storage/session.store.js';
import { TokenEntryStore } from '../../src/storage/token-entry.store.js';
import { UserStore } from '../../src/storage/user.store.js';
import { onServer } from '../support/on-server.js';
import { createStorage, type TestStorage } from '../support/storage.js';

let storage: TestStorage;
let subject: string;

const get = <T>(port: abstract new (...args: never[]) => T): T => storage.module.get(port as never);
const inSeconds = (seconds: number): Date => new Date(storage.clock.now().getTime() + seconds * 1000);
const day = 86_400;

beforeAll(async () => {
  storage = await createStorage();
  const permissions = { endpoints: [], grantTypes: [], scopes: [], resources: [] };
  const client = { displayName: 'App', authenticationMethod: 'none', permissions, redirectUris: [], postLogoutRedirectUris: [] } as const;
  await get(ClientStore).insert({ ...client, id: 'app', type: 'public', allowedOrigins: [], settings: {} }, storage.clock.now());
});
afterAll(() => storage.close());

beforeEach(async () => {
  subject = uuidv7(storage.clock.now());
  const user = { id: subject, email: `${subject}@example.test`, emailVerified: false, roles: [], passwordHash: 'x' };
  await get(UserStore).insert(user, storage.clock.now());
});

function token(authorizationId: string, type: EntryType, number: bigint, expiresAt: Date): { token: ReferenceToken; entry: NewEntry } {
  const key: EntryKey = { bucket: bucketOf(expiresAt), authorizationId, type, number };
  const reference = { key, identifier: newIdentifier() };
  return { token: reference, entry: { key, expiresAt, hash: tokenHash(reference) } };
}

async function startChain(options: { credentialVersion?: number; client?: string } = {}) {
  const authorizationId = uuidv7(storage.clock.now());
  const link = token(authorizationId, EntryType.refreshToken, 0n, inSeconds(14 * day));
  const access = token(authorizationId, EntryType.accessToken, newAccessNumber(), inSeconds(900));
  const sid = uuidv7(storage.clock.now());
  const started = await get(AuthorizationStore).start(
    {
      authorizationId,
      client: options.client ?? 'app',
      subject,
      scopes: ['a', 'b'],
      resources: ['https://api.example'],
      claims: { email: 'x@example.test' },
      createdAt: storage.clock.now(),
      expiresAt: inSeconds(180 * day),
      formats: { referenceAccess: true, selfContainedRefresh: false },
      credentialVersion: options.credentialVersion ?? 1,
      session: { sid, userAgent: 'test' },
    },
    link.entry,
    access.entry,
  );
  return { authorizationId, link, access, sid, started };
}

function redemption(presented: ReferenceToken, changes: Partial<Redemption> = {}): Redemption & { successorToken: ReferenceToken } {
  const { authorizationId, number } = presented.key;
  const successor = token(authorizationId, EntryType.refreshToken, number + 1n, inSeconds(14 * day));
  const access = token(authorizationId, EntryType.accessToken, newAccessNumber(), inSeconds(900));
  return {
    presented: { key: presented.key, hash: tokenHash(presented) },
    client: 'app',
    now: storage.clock.now(),
    leeway: 30,
    nonce: randomBytes(4).readInt32BE() | 1,
    keyId: 7,
    successor: successor.entry,
    access: access.entry,
    formats: { referenceAccess: true, selfContainedRefresh: false },
    successorToken: successor.token,
    ...changes,
  };
}

const status = async (presented: ReferenceToken) => (await get(TokenEntryStore).find(presented.key, storage.clock.now()))?.status;

describe('AuthorizationStore', () => {
  it('opens a grant whose link and access entry are valid', async () => {
    const chain = await startChain();
    expect(chain.started).toBe(true);
    const record = await get(TokenEntryStore).find(chain.link.token.key, storage.clock.now());
    expect(record).toMatchObject({
      status: 'valid',
      hash: tokenHash(chain.link.token),
      grant: { client: 'app', subject, sid: chain.sid, scopes: ['a', 'b'] },
    });
    expect(await status(chain.access.token)).toBe('valid');
  });

  it('opens none for a person whose credentials changed, who is disabled or unknown, nor for an unknown client', async () => {
    expect((await startChain({ credentialVersion: 2 })).started).toBe(false);
    expect((await startChain({ client: 'nobody' })).started).toBe(false);
    await get(UserStore).setEnabled(subject, false, storage.clock.now());
    expect((await startChain()).started).toBe(false);
    subject = uuidv7(storage.clock.now());
    expect((await startChain()).started).toBe(false);
  });

  it('redeems the head once, answers a retry within the leeway from the row, and ends the family on reuse', async () => {
    const chain = await startChain();
    const first = redemption(chain.link.token, { scopes: ['a'] });
    const won = await get(AuthorizationStore).redeem(first);
    expect(won).toMatchObject({ outcome: 'won', grant: { generation: 1n }, rotation: { keyId: 7, grantedScopes: ['a'] } });
    expect(await status(chain.link.token)).toBe('redeemed');
    expect(await status(first.successorToken)).toBe('valid');
    expect(await status(chain.access.token)).toBe('valid');

    storage.clock.advance(29);
    const again = await get(AuthorizationStore).redeem(redemption(chain.link.token, { keyId: 9 }));
    expect(again).toMatchObject({
      outcome: 'retry',
      rotation: { keyId: 7, rotatedAt: first.now, headExpiresAt: first.successor?.expiresAt },
    });

    storage.clock.advance(2);
    expect(await get(AuthorizationStore).redeem(redemption(chain.link.token))).toMatchObject({ outcome: 'reuse' });
    expect(await status(first.successorToken)).toBe('revoked');
    expect(await status(chain.access.token)).toBe('revoked');
    expect(await get(AuthorizationStore).redeem(redemption(first.successorToken))).toBeUndefined();
  });

  it('closes the leeway as soon as the successor was used', async () => {
    const chain = await startChain();
    const first = redemption(chain.link.token);
    await get(AuthorizationStore).redeem(first);
    expect(await get(AuthorizationStore).redeem(redemption(first.successorToken))).toMatchObject({ outcome: 'won' });
    expect(await get(AuthorizationStore).redeem(redemption(chain.link.token))).toMatchObject({ outcome: 'reuse' });
  });

  it('knows no retry when the leeway is 0', async () => {
    const chain = await startChain();
    await get(AuthorizationStore).redeem(redemption(chain.link.token, { leeway: 0 }));
    storage.clock.advance(-1);
    expect(await get(AuthorizationStore).redeem(redemption(chain.link.token, { leeway: 0 }))).toMatchObject({ outcome: 'reuse' });
  });

  it('changes nothing for a forged, foreign, expired or widened presentation', async () => {
    const chain = await startChain();
    const store = get(AuthorizationStore);
    const forged = redemption(chain.link.token, { presented: { key: chain.link.token.key, hash: randomBytes(32) } });
    expect(await store.redeem(forged)).toBeUndefined();
    expect(await store.redeem(redemption(chain.link.token, { client: 'other' }))).toBeUndefined();
    expect(await store.redeem(redemption(chain.link.token, { scopes: ['a', 'c'] }))).toBeUndefined();
    expect(await store.redeem(redemption(chain.link.token, { resources: ['https://other.example'] }))).toBeUndefined();
    expect(await store.redeem(redemption(chain.link.token, { now: inSeconds(14 * day) }))).toBeUndefined();
    expect(await store.redeem(redemption(chain.link.token))).toMatchObject({ outcome: 'won' });
  });

  it('adds access entries to the head, idempotently', async () => {
    const chain = await startChain();
    const access = token(chain.authorizationId, EntryType.accessToken, newAccessNumber(), inSeconds(900));
    const further = {
      presented: { key: chain.link.token.key, hash: tokenHash(chain.link.token) },
      client: 'app',
      now: storage.clock.now(),
      createdAt: storage.clock.now(),
      mustBeHead: true,
      access: access.entry,
    };
    expect(await get(AuthorizationStore).issue(further)).toMatchObject({ written: true, grant: { subject } });
    expect(await get(AuthorizationStore).issue(further)).toMatchObject({ written: false });
    await get(AuthorizationStore).redeem(redemption(chain.link.token));
    expect(await get(AuthorizationStore).issue(further)).toBeUndefined();
    expect(await get(AuthorizationStore).issue({ ...further, mustBeHead: false })).toMatchObject({ written: false });
  });

  it('makes a missing partition on demand', async () => {
    const chain = await startChain();
    const late = inSeconds(300 * day);
    const successor = token(chain.authorizationId, EntryType.refreshToken, 1n, late);
    expect(await get(AuthorizationStore).redeem(redemption(chain.link.token, { successor: successor.entry }))).toMatchObject({
      outcome: 'won',
    });
    expect(await status(successor.token)).toBe('valid');
  });
});

describe('ClientStore', () => {
  const permissions = { endpoints: ['token'], grantTypes: ['client_credentials'], scopes: [], resources: [] } as const;
  const machine = (id: string) =>
    ({
      id,
      displayName: id,
      type: 'confidential',
      authenticationMethod: 'client_secret_basic',
      permissions,
      redirectUris: [],
      postLogoutRedirectUris: [],
      allowedOrigins: [],
      settings: { accessTokenLifetime: 60 },
    }) as const;

  it('inserts once, finds, lists and updates', async () => {
    const store = get(ClientStore);
    expect(await store.insert(machine('m1'), storage.clock.now())).toBe(true);
    expect(await store.insert(machine('m1'), storage.clock.now())).toBe(false);
    expect(await store.update({ ...machine('m1'), displayName: 'renamed' }, storage.clock.now())).toBe(true);
    expect(await store.update(machine('unknown'), storage.clock.now())).toBe(false);
    expect(await store.find('m1')).toMatchObject({ displayName: 'renamed', settings: { accessTokenLifetime: 60 }, secrets: [] });
    expect((await store.list()).map((client) => client.id)).toContain('m1');
    expect(await store.find('unknown')).toBeUndefined();
  });

  // No port removes a client; a row deleted by hand made its tokens valid to introspection.
  it('tokens of a client whose row is gone are dead', async () => {
    await get(ClientStore).insert(machine('m0'), storage.clock.now());
    const { token: issued } = await issueStanding('m0');
    expect(await status(issued)).toBe('valid');
    await onServer(storage.url, (server) => server.query(`delete from client where id = 'm0'`));
    expect(await status(issued)).toBe('revoked');
  });

  it('issues on the standing grant while enabled; what was issued before a disabling stays dead', async () => {
    const store = get(ClientStore);
    await store.insert(machine('m2'), storage.clock.now());
    const before = await issueStanding('m2');
    expect(before.issued).toBe(true);
    expect(await status(before.token)).toBe('valid');
    expect(await store.setEnabled('m2', false, storage.clock.now())).toBe(true);
    expect(await store.setEnabled('m2', false, storage.clock.now())).toBe(false);
    expect(await status(before.token)).toBe('revoked');
    expect((await issueStanding('m2')).issued).toBe(false);
    expect(await store.setEnabled('m2', true, storage.clock.now())).toBe(true);
    expect(await status(before.token)).toBe('revoked');
    const after = await issueStanding('m2');
    expect(after.issued).toBe(true);
    expect(await status(after.token)).toBe('valid');
  });

  it('ends chains for good when their client is disabled', async () => {
    const store = get(ClientStore);
    await store.insert(machine('m3'), storage.clock.now());
    const chain = await startChain({ client: 'm3' });
    await store.setEnabled('m3', false, storage.clock.now());
    await store.setEnabled('m3', true, storage.clock.now());
    expect(await status(chain.link.token)).toBe('revoked');
    expect(await get(AuthorizationStore).redeem(redemption(chain.link.token, { client: 'm3' }))).toBeUndefined();
  });

  it('keeps at most two secrets', async () => {
    const store = get(ClientStore);
    await store.insert(machine('m4'), storage.clock.now());
    const hashes = [randomBytes(32), randomBytes(32), randomBytes(32)];
    for (const hash of hashes) {
      storage.clock.advance(1);
      expect(await store.addSecret('m4', hash, inSeconds(60), storage.clock.now())).toBe(true);
    }
    const client = await store.find('m4');
    expect(client?.secrets.map((secret) => secret.hash)).toEqual([hashes[2], hashes[1]]);
    expect(client?.secrets[0]?.expiresAt).toBeUndefined();
    expect(client?.secrets[1]?.expiresAt).toEqual(inSeconds(60));
    expect(await store.addSecret('unknown', randomBytes(32), inSeconds(60), storage.clock.now())).toBe(false);
  });

  async function issueStanding(id: string) {
    const client = await get(ClientStore).find(id);
    const access = token(client?.standingAuthorizationId ?? '', EntryType.accessToken, newAccessNumber(), inSeconds(900));
    return { issued: await get(AuthorizationStore).issueStanding(id, storage.clock.now(), access.entry), token: access.token };
  }
});

describe('RevocationStore', () => {
  it('ends one access token of its own client only, once', async () => {
    const { access } = await startChain();
    const store = get(RevocationStore);
    const now = storage.clock.now();
    expect(await store.revokeAccess(access.token.key, tokenHash(access.token), 'other', now)).toBe(false);
    expect(await store.revokeAccess(access.token.key, randomBytes(32), 'app', now)).toBe(false);
    expect(await store.revokeAccess(access.token.key, undefined, 'app', now)).toBe(false);
    expect(await status(access.token)).toBe('valid');
    expect(await store.revokeAccess(access.token.key, tokenHash(access.token), 'app', now)).toBe(true);
    expect(await store.revokeAccess(access.token.key, tokenHash(access.token), 'app', now)).toBe(false);
    expect(await status(access.token)).toBe('revoked');
  });

  it('ends the family of a genuine link, spent ones included', async () => {
    const chain = await startChain();
    await get(AuthorizationStore).redeem(redemption(chain.link.token));
    const store = get(RevocationStore);
    const { key } = chain.link.token;
    expect(await store.revokeFamily(key, randomBytes(32), 'app', storage.clock.now())).toBe(false);
    expect(await store.revokeFamily(key, tokenHash(chain.link.token), 'other', storage.clock.now())).toBe(false);
    expect(await store.revokeFamily(key, tokenHash(chain.link.token), 'app', storage.clock.now())).toBe(true);
    expect(await status(chain.access.token)).toBe('revoked');
  });

  it('ends one grant, and all of a subject', async () => {
    const [first, second, third] = [await startChain(), await startChain(), await startChain()];
    const store = get(RevocationStore);
    expect(await store.endAuthorization(first.authorizationId, storage.clock.now())).toBe(true);
    expect(await store.endAuthorization(first.authorizationId, storage.clock.now())).toBe(false);
    expect(await status(second.link.token)).toBe('valid');
    expect(await store.endSubject(subject, storage.clock.now())).toEqual({ grants: 2, browsers: 0 });
    expect([await status(second.link.token), await status(third.link.token)]).toEqual(['revoked', 'revoked']);
    expect(await store.endSubject(subject, storage.clock.now())).toEqual({ grants: 0, browsers: 0 });
  });
});

describe('SessionStore', () => {
  it('lists live sessions and ends one, or all others', async () => {
    const chains = [await startChain(), await startChain(), await startChain()];
    const store = get(SessionStore);
    expect((await store.list(subject, storage.clock.now())).map((session) => session.sid).sort()).toEqual(
      chains.map((chain) => chain.sid).sort(),
    );
    expect(await store.end(subject, chains[0]?.sid ?? '', storage.clock.now())).toBe(true);
    expect(await store.end(subject, chains[0]?.sid ?? '', storage.clock.now())).toBe(false);
    expect(await store.end(uuidv7(storage.clock.now()), chains[1]?.sid ?? '', storage.clock.now())).toBe(false);
    expect(await store.endOthers(subject, chains[1]?.sid, storage.clock.now())).toBe(1);
    expect(await store.list(subject, storage.clock.now())).toMatchObject([{ sid: chains[1]?.sid, client: 'app', userAgent: 'test' }]);
  });
});

describe('UserStore', () => {
  it('changes a password once per version and ends what it should', async () => {
    const [kept, other] = [await startChain(), await startChain()];
    const change = {
      id: subject,
      passwordHash: 'y',
      credentialVersion: 1,
      end: 'others',
      keepSid: kept.sid,
      connectedApps: false,
    } as const;
    const results = await Promise.all([1, 2, 3].map(() => get(UserStore).changePassword(change, storage.clock.now())));
    expect(results.filter(Boolean)).toHaveLength(1);
    expect(await get(UserStore).find({ id: subject })).toMatchObject({ passwordHash: 'y', credentialVersion: 2 });
    expect(await status(kept.link.token)).toBe('valid');
    expect(await status(other.link.token)).toBe('revoked');
    await get(UserStore).rehash(subject, 1, 'stale');
    expect(await get(UserStore).find({ email: `${subject}@example.test` })).toMatchObject({ passwordHash: 'y' });
    await get(UserStore).rehash(subject, 2, 'z');
    expect(await get(UserStore).find({ id: subject })).toMatchObject({ passwordHash: 'z' });
  });

  it('ends everything of a disabled person', async () => {
    const chain = await startChain();
    expect(await get(UserStore).setEnabled(subject, false, storage.clock.now())).toBe(true);
    expect(await get(UserStore).setEnabled(subject, false, storage.clock.now())).toBe(false);
    expect(await get(UserStore).setEnabled(subject, true, storage.clock.now())).toBe(true);
    expect(await status(chain.link.token)).toBe('revoked');
    expect(
      await get(UserStore).insert(
        { id: uuidv7(new Date()), email: `${subject}@example.test`, emailVerified: false, roles: [], passwordHash: 'x' },
        storage.clock.now(),
      ),
    ).toBe(false);
    expect((await get(UserStore).list()).some((user) => user.id === subject)).toBe(true);
  });
});

describe('FailureStore', () => {
  const policy = { free: 2, firstBlock: 10, longestBlock: 25, forgetAfter: 3_600 };
  const record = (...keys: string[]) =>
    get(FailureStore).record(
      keys.map((key) => ({ key, policy })),
      storage.clock.now(),
    );

  it('blocks after the free failures, for longer each time, up to the longest, and forgets', async () => {
    const store = get(FailureStore);
    await record('f1');
    await record('f1', 'f1-other');
    expect(await store.blockedUntil(['f1', 'f1-other'], storage.clock.now())).toBeUndefined();
    for (const block of [10, 20, 25, 25]) {
      await record('f1');
      expect(await store.blockedUntil(['f1-other', 'f1'], storage.clock.now())).toEqual(inSeconds(block));
      storage.clock.advance(block);
      expect(await store.blockedUntil(['f1'], storage.clock.now())).toBeUndefined();
    }
    storage.clock.advance(3_600);
    await record('f1');
    expect(await store.blockedUntil(['f1'], storage.clock.now())).toBeUndefined();
  });

  it('counts every one of many at once', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => record(...(i % 2 ? ['f2', 'f3'] : ['f3', 'f2']))));
    expect(await get(FailureStore).blockedUntil(['f2'], storage.clock.now())).toEqual(inSeconds(25));
  });
});

describe('KeyStore', () => {
  const key = (kid: string) =>
    ({
      kid,
      purpose: 'sign:ES256',
      publicJwk: { kty: 'EC' },
      sealed: Buffer.of(1),
      createdAt: storage.clock.now(),
      activatesAt: storage.clock.now(),
    }) as const;

  it('makes one first key, and one next key, however many instances try', async () => {
    const store = get(KeyStore);
    const first = await Promise.all(['k1', 'k2', 'k3', 'k4'].map((kid) => store.insert(key(kid), undefined)));
    expect(first.filter(Boolean)).toHaveLength(1);
    const id = (await store.list())[0]?.id;
    const next = await Promise.all(['k5', 'k6', 'k7', 'k8'].map((kid) => store.insert(key(kid), id)));
    expect(next.filter(Boolean)).toHaveLength(1);
    expect(await store.insert({ ...key('d1'), purpose: 'derive' }, undefined)).toBe(true);
    expect(await store.list()).toHaveLength(3);
  });

  it('revokes a signing key for good: its tokens read as revoked', async () => {
    const store = get(KeyStore);
    const kid = (await store.list()).find((candidate) => candidate.purpose === 'sign:ES256')?.kid ?? '';
    const { access } = await startChain();
    expect((await get(TokenEntryStore).find(access.token.key, storage.clock.now(), kid))?.status).toBe('valid');
    expect(await store.revoke(kid, storage.clock.now())).toBe(true);
    expect(await store.revoke(kid, storage.clock.now())).toBe(false);
    expect((await get(TokenEntryStore).find(access.token.key, storage.clock.now(), kid))?.status).toBe('revoked');
    await store.remove(
      (await store.list()).map((each) => each.id),
      storage.clock.now(),
    );
    expect(await store.list()).toEqual([]);
  });
});

describe('LeaseStore', () => {
  it('has one holder until it runs out or is released', async () => {
    const store = get(LeaseStore);
    const taken = await Promise.all(['a', 'b', 'c'].map((holder) => store.take('prune', holder, storage.clock.now(), 60)));
    expect(taken.filter(Boolean)).toHaveLength(1);
    const holder = ['a', 'b', 'c'][taken.indexOf(true)] ?? '';
    expect(await store.take('prune', holder, storage.clock.now(), 60)).toBe(true);
    expect(await store.take('prune', 'other', storage.clock.now(), 60)).toBe(false);
    storage.clock.advance(60);
    expect(await store.take('prune', 'other', storage.clock.now(), 60)).toBe(true);
    await store.release('prune', holder);
    expect(await store.take('prune', holder, storage.clock.now(), 60)).toBe(false);
    await store.release('prune', 'other');
    expect(await store.take('prune', holder, storage.clock.now(), 60)).toBe(true);
  });
});

describe('ScopeStore', () => {
  it('puts, lists and removes', async () => {
    const store = get(ScopeStore);
    await store.put({ name: 'todos:read', resources: ['https://api.example'] }, storage.clock.now());
    await store.put(
      { name: 'todos:read', description: 'Read', resources: ['https://api.example', 'https://b.example'] },
      storage.clock.now(),
    );
    expect(await store.list()).toEqual([
      { name: 'todos:read', description: 'Read', resources: ['https://api.example', 'https://b.example'] },
    ]);
    expect(await store.remove('todos:read', storage.clock.now())).toBe(true);
    expect(await store.remove('todos:read', storage.clock.now())).toBe(false);
  });
});

describe('MaintenanceStore', () => {
  it('drops ended partitions, then dead grants; live ones stay', async () => {
    const dead = await startChain();
    await get(RevocationStore).endAuthorization(dead.authorizationId, storage.clock.now());
    storage.clock.advance(13 * day);
    const alive = await startChain();
    storage.clock.advance(7 * day); // the dead chain's last entry ended six days ago, the live one's ends in seven
    await get(MaintenanceStore).prepare(storage.clock.now());
    const report = await get(MaintenanceStore).prune(storage.clock.now(), 2 * day);
    expect(report.partitionsDropped).toBeGreaterThan(10);
    expect(report.authorizationsDeleted).toBeGreaterThan(0);
    expect(await get(TokenEntryStore).find(dead.link.token.key, storage.clock.now())).toBeUndefined();
    expect(await status(alive.link.token)).toBe('valid');
    expect(await get(AuthorizationStore).redeem(redemption(alive.link.token))).toMatchObject({ outcome: 'won' });
    expect(await get(MaintenanceStore).prune(storage.clock.now(), 2 * day)).toMatchObject({
      partitionsDropped: 0,
      authorizationsDeleted: 0,
    });
  });

  it('deletes sign-in sessions that are over and have no grant left, however many they are', async () => {
    const now = storage.clock.now();
    const sessions = (count: number, expiresAt: Date) =>
      storage.query<{ sid: string }>(
        `insert into sign_in_session (sid, created_at, expires_at, subject, client)
         select gen_random_uuid(), $2::timestamptz, $2::timestamptz, 'prune', 'c' from generate_series(1, $1::int) returning sid`,
        [count, expiresAt],
      );
    const { sid: inUse } = await startChain();
    const over = inSeconds(-30 * day);
    await storage.query('update sign_in_session set expires_at = $2 where sid = $1', [inUse, over]);
    await sessions(12_000, over); // more than one statement deletes
    const [alive] = await sessions(1, inSeconds(day));
    const { sessionsDeleted } = await get(MaintenanceStore).prune(now, 2 * day);
    expect(sessionsDeleted).toBeGreaterThanOrEqual(12_000);
    const left = await storage.query<{ sid: string }>(`select sid from sign_in_session where subject in ('prune', $1)`, [subject]);
    expect(left.map(({ sid }) => sid).sort()).toEqual([alive?.sid, inUse].sort());
    expect((await get(MaintenanceStore).prune(now, 2 * day)).sessionsDeleted).toBe(0);
  });

  it('makes each partition once, however many instances do it', async () => {
    storage.clock.advance(30 * day);
    await Promise.all(Array.from({ length: 5 }, () => get(MaintenanceStore).prepare(storage.clock.now())));
    expect((await startChain()).started).toBe(true);
  });
});
