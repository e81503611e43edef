import { randomBytes } from 'node:crypto';
import { bucketOf, EntryType } from '../../src/protocol/entry-key.js';
import { tokenHash } from '../../src/protocol/hashing.js';
import { newAccessNumber, newIdentifier } from '../../src/protocol/token-string.js';
import { uuidv7 } from '../../src/protocol/uuid.js';
import { AuthorizationStore, type Approval } from '../../src/storage/authorization.store.js';
import { BrowserSessionStore, type ProvenSignIn } from '../../src/storage/browser-session.store.js';
import { ClientAssertionStore } from '../../src/storage/client-assertion.store.js';
import { ClientStore, type NewClient } from '../../src/storage/client.store.js';
import { ConsentStore } from '../../src/storage/consent.store.js';
import { DeviceRequestStore } from '../../src/storage/device-request.store.js';
import { LogoutNoticeStore } from '../../src/storage/logout-notice.store.js';
import { MaintenanceStore } from '../../src/storage/maintenance.store.js';
import { PushedRequestStore } from '../../src/storage/pushed-request.store.js';
import { SessionStore } from '../../src/storage/session.store.js';
import { TokenEntryStore } from '../../src/storage/token-entry.store.js';
import { UserStore } from '../../src/storage/user.store.js';
import { createStorage, type TestStorage } from '../support/storage.js';

let storage: TestStorage;
let subject: string;

const get = <T>(port: abstract new (...args: never[]) => T): T => storage.module.get(port as never);
const now = (): Date => storage.clock.now();
const inSeconds = (seconds: number): Date => new Date(now().getTime() + seconds * 1000);
const hash = (): Buffer => randomBytes(32);
const day = 86_400;

const client = (id: string, more: Partial<NewClient> = {}): NewClient => ({
  id,
  displayName: `The app ${id}`,
  type: 'public',
  authenticationMethod: 'none',
  permissions: { endpoints: [], grantTypes: [], scopes: [], resources: [] },
  redirectUris: [],
  postLogoutRedirectUris: [],
  allowedOrigins: [],
  settings: {},
  ...more,
});

beforeAll(async () => {
  storage = await createStorage();
  await get(ClientStore).insert(client('app'), now());
  await get(ClientStore).insert(client('told', { backchannelLogoutUri: 'https://told.example/logout' }), now());
});
afterAll(() => storage.close());

beforeEach(async () => {
  subject = uuidv7(now());
  const user = { id: subject, email: `${subject}@example.test`, emailVerified: false, roles: [], passwordHash: 'x' };
  await get(UserStore).insert(user, now());
});

const proven = (changes: Partial<ProvenSignIn> = {}): ProvenSignIn => ({
  sid: uuidv7(now()),
  subject,
  hash: hash(),
  credentialVersion: 1,
  amr: ['pwd'],
  authenticatedAt: now(),
  expiresAt: inSeconds(14 * day),
  userAgent: 'Browser',
  address: '192.0.2.1',
  ...changes,
});

async function signedIn(): Promise<ProvenSignIn> {
  const signIn = proven();
  expect(await get(BrowserSessionStore).open(signIn)).toBe(true);
  return signIn;
}

/** A grant that somebody approved: an authorization code. */
async function approved(approval: Approval, { scopes = ['openid'], app = 'app' } = {}) {
  const authorizationId = uuidv7(now());
  const expiresAt = inSeconds(60);
  const key = { bucket: bucketOf(expiresAt), authorizationId, type: EntryType.authorizationCode, number: 0n };
  const code = { key, identifier: newIdentifier() };
  const grant = {
    ...{ authorizationId, client: app, subject, scopes, resources: ['https://api.example'], claims: {}, credentialVersion: 1 },
    ...{ createdAt: now(), expiresAt: inSeconds(180 * day), formats: { referenceAccess: false, selfContainedRefresh: false }, approval },
  };
  const link = { key, expiresAt, hash: tokenHash(code), payload: Buffer.from('sealed') };
  const started = await get(AuthorizationStore).start(grant, link, undefined);
  return { started, code, status: async () => (await get(TokenEntryStore).find(key, now()))?.status };
}

/** The same after the app has redeemed the code, for an access token alone. */
async function redeemed(...approval: Parameters<typeof approved>) {
  const { code } = await approved(...approval);
  const { authorizationId } = code.key;
  const expiresAt = inSeconds(900);
  const access = {
    key: { bucket: bucketOf(expiresAt), authorizationId, type: EntryType.accessToken, number: newAccessNumber() },
    expiresAt,
  };
  const outcome = await get(AuthorizationStore).redeem({
    ...{
      presented: { key: code.key, hash: tokenHash(code) },
      client: approval[1]?.app ?? 'app',
      now: now(),
      leeway: 0,
      nonce: 1,
      keyId: 1,
    },
    ...{ access, formats: { referenceAccess: false, selfContainedRefresh: false } },
  });
  expect(outcome?.outcome).toBe('won');
  return { status: async () => (await get(TokenEntryStore).find(access.key, now()))?.status };
}

describe('BrowserSessionStore', () => {
  it('finds a session that was opened, until it expires', async () => {
    const signIn = await signedIn();
    expect(await get(BrowserSessionStore).find(signIn.sid, now())).toEqual({
      ...{ sid: signIn.sid, subject, hash: signIn.hash, amr: ['pwd'] },
      ...{ createdAt: signIn.authenticatedAt, authenticatedAt: signIn.authenticatedAt, expiresAt: signIn.expiresAt },
    });
    expect(await get(BrowserSessionStore).find(signIn.sid, signIn.expiresAt)).toBeUndefined();
    expect(await get(SessionStore).list(subject, now())).toEqual([
      expect.objectContaining({ sid: signIn.sid, userAgent: 'Browser', address: '192.0.2.1', lastSeenAt: signIn.authenticatedAt }),
    ]);
    expect((await get(SessionStore).list(subject, now()))[0]).not.toHaveProperty('client');
  });

  it('opens none for a person who has changed, is disabled or unknown; a subject kept elsewhere is the caller’s business', async () => {
    const store = get(BrowserSessionStore);
    expect(await store.open(proven({ credentialVersion: 2 }))).toBe(false);
    expect(await store.open(proven({ subject: uuidv7(now()) }))).toBe(false);
    const { credentialVersion: _, ...elsewhere } = proven({ subject: 'employee 7' });
    expect(await store.open(elsewhere)).toBe(true);
    await get(UserStore).setEnabled(subject, false, now());
    expect(await store.open(proven({ credentialVersion: 2 }))).toBe(false);
  });

  it('renews an open session for whoever knows its cookie, and the cookie before is worth nothing', async () => {
    const before = await signedIn();
    const store = get(BrowserSessionStore);
    storage.clock.advance(10);
    const again = proven({ sid: before.sid });
    expect(await store.renew(again, hash())).toBe(false);
    expect(await store.renew({ ...again, credentialVersion: 2 }, before.hash)).toBe(false);
    expect(await store.renew(again, before.hash)).toBe(true);
    expect(await store.renew(proven({ sid: before.sid }), before.hash)).toBe(false);
    expect(await store.find(before.sid, now())).toMatchObject({
      hash: again.hash,
      createdAt: before.authenticatedAt,
      authenticatedAt: now(),
    });
    await store.signOut(subject, before.sid, now());
    expect(await store.renew(proven({ sid: before.sid }), again.hash)).toBe(false);
  });

  it('signing out ends the session and its grants, but for what apps may do while nobody is there', async () => {
    const [{ sid }, other] = [await signedIn(), await signedIn()];
    await get(ConsentStore).allow(subject, 'app', ['openid', 'offline_access'], now());
    const offline = { scopes: ['openid', 'offline_access'] };
    const grants = [
      await redeemed({ sid, consented: true }),
      await redeemed({ sid, consented: true }, offline),
      await approved({ sid, consented: true }, offline), // its code is on the way still
      await redeemed({ sid: other.sid, consented: true }),
    ];
    expect(await get(BrowserSessionStore).signOut(subject, sid, now())).toBe(true);
    expect(await Promise.all(grants.map(({ status }) => status()))).toEqual(['revoked', 'valid', 'revoked', 'valid']);
    expect(await get(BrowserSessionStore).find(sid, now())).toBeUndefined();
    expect(await get(BrowserSessionStore).signOut(subject, sid, now())).toBe(false);
  });

  it('ending a session spares nothing, and a change of the password spares connected apps unless they are named', async () => {
    await get(ConsentStore).allow(subject, 'app', ['openid', 'offline_access'], now());
    const one = await signedIn();
    const offline = await approved({ sid: one.sid, consented: true }, { scopes: ['openid', 'offline_access'] });
    expect(await get(SessionStore).end(subject, one.sid, now())).toBe(true);
    expect(await offline.status()).toBe('revoked');

    const [kept, gone] = [await signedIn(), await signedIn()];
    const grants = await Promise.all(
      [kept, gone].flatMap(({ sid }) => [
        redeemed({ sid, consented: true }),
        redeemed({ sid, consented: true }, { scopes: ['offline_access'] }),
      ]),
    );
    const change = { id: subject, credentialVersion: 1, passwordHash: 'y', end: 'others', keepSid: kept.sid } as const;
    expect(await get(UserStore).changePassword({ ...change, connectedApps: false }, now())).toBe(true);
    expect(await Promise.all(grants.map(({ status }) => status()))).toEqual(['valid', 'valid', 'revoked', 'valid']);
    expect(await get(BrowserSessionStore).find(kept.sid, now())).toBeDefined();
    expect(await get(BrowserSessionStore).find(gone.sid, now())).toBeUndefined();
    const all = { ...change, credentialVersion: 2, end: 'all', keepSid: undefined } as const;
    expect(await get(UserStore).changePassword({ ...all, connectedApps: true }, now())).toBe(true);
    expect(await Promise.all(grants.map(({ status }) => status()))).toEqual(['revoked', 'revoked', 'revoked', 'revoked']);
  });
});

describe('A grant that a person approved', () => {
  it('commits only while the session is open', async () => {
    await get(ConsentStore).allow(subject, 'app', ['openid'], now());
    const { sid } = await signedIn();
    expect((await approved({ sid, consented: true })).started).toBe(true);
    expect((await approved({ sid: uuidv7(now()), consented: true })).started).toBe(false);
    await get(BrowserSessionStore).signOut(subject, sid, now());
    expect((await approved({ sid, consented: true })).started).toBe(false);
  });

  it('commits only while its scopes are allowed', async () => {
    const { sid } = await signedIn();
    expect((await approved({ sid, consented: true })).started).toBe(false);
    await get(ConsentStore).allow(subject, 'app', ['openid'], now());
    expect((await approved({ sid, consented: true })).started).toBe(true);
    expect((await approved({ sid, consented: true }, { scopes: ['openid', 'more'] })).started).toBe(false);
    expect((await approved({ sid, consented: true }, { app: 'told' })).started).toBe(false);
    await get(ConsentStore).withdraw(subject, 'app', now());
    expect((await approved({ sid, consented: true })).started).toBe(false);
  });

  it('spends its pushed request once, and not when it is refused', async () => {
    const { sid } = await signedIn();
    const id = uuidv7(now());
    const request = { id, client: 'app', hash: hash(), payload: Buffer.from('x'), createdAt: now(), expiresAt: inSeconds(90) };
    await get(PushedRequestStore).insert(request);
    const approval = { sid, consented: true, pushedRequest: id };
    expect((await approved(approval)).started).toBe(false); // nothing is allowed yet
    await get(ConsentStore).allow(subject, 'app', ['openid'], now());
    await get(ConsentStore).allow(subject, 'told', ['openid'], now());
    expect((await approved(approval, { app: 'told' })).started).toBe(false);
    const racers = await Promise.all(Array.from({ length: 16 }, () => approved(approval)));
    expect(racers.filter(({ started }) => started)).toHaveLength(1);
    expect(await get(PushedRequestStore).use(request, hash(), now(), inSeconds(600))).toBeUndefined();
  });
});

describe('ConsentStore', () => {
  it('adds to what was allowed before, and tells when it was used', async () => {
    const store = get(ConsentStore);
    expect(await store.find(subject, 'app')).toBeUndefined();
    await store.allow(subject, 'app', ['b', 'a'], now());
    await store.allow(subject, 'app', ['c', 'a'], now());
    expect(await store.find(subject, 'app')).toEqual(['a', 'b', 'c']);
    const app = { client: 'app', displayName: 'The app app', scopes: ['a', 'b', 'c'], grantedAt: now() };
    expect(await store.list(subject, now())).toEqual([app]);
    const { sid } = await signedIn();
    await approved({ sid, consented: true }, { scopes: ['a'] });
    expect(await store.list(subject, now())).toEqual([{ ...app, lastUsedAt: now() }]);
  });

  it('withdraws with every grant to the client, offline or not, of all sessions', async () => {
    const store = get(ConsentStore);
    for (const app of ['app', 'told']) await store.allow(subject, app, ['openid', 'offline_access'], now());
    const [one, other] = [await signedIn(), await signedIn()];
    const ended = [
      await approved({ sid: one.sid, consented: true }),
      await approved({ sid: other.sid, consented: true }, { scopes: ['offline_access'] }),
      await approved({ consented: true }),
    ];
    const spared = await approved({ sid: one.sid, consented: true }, { app: 'told' });
    expect(await store.withdraw(subject, 'app', now())).toBe(true);
    for (const { status } of ended) expect(await status()).toBe('revoked');
    expect(await spared.status()).toBe('valid');
    expect(await store.withdraw(subject, 'app', now())).toBe(false);
    expect(await get(BrowserSessionStore).find(one.sid, now())).toBeDefined();
  });
});

describe('PushedRequestStore', () => {
  it('gives the payload to the first browser only, and lets it take its time', async () => {
    const store = get(PushedRequestStore);
    const request = { id: uuidv7(now()), client: 'app', hash: hash(), payload: Buffer.from('sealed') };
    await store.insert({ ...request, createdAt: now(), expiresAt: inSeconds(90) });
    const [browser, stranger] = [hash(), hash()];
    expect(await store.use({ ...request, hash: hash() }, browser, now(), inSeconds(1800))).toBeUndefined();
    expect(await store.use({ ...request, client: 'told' }, browser, now(), inSeconds(1800))).toBeUndefined();
    expect(await store.use(request, browser, now(), inSeconds(1800))).toEqual(request.payload);
    expect(await store.use(request, stranger, now(), inSeconds(1800))).toBeUndefined();
    expect(await store.use(request, browser, inSeconds(600), inSeconds(9999))).toEqual(request.payload);
    expect(await store.use(request, browser, inSeconds(1801), inSeconds(9999))).toBeUndefined();
  });

  it('of two browsers at once one gets it', async () => {
    const store = get(PushedRequestStore);
    for (let round = 0; round < 10; round++) {
      const request = { id: uuidv7(now()), client: 'app', hash: hash(), payload: Buffer.from('sealed') };
      await store.insert({ ...request, createdAt: now(), expiresAt: inSeconds(90) });
      const uses = await Promise.all([hash(), hash()].map((browser) => store.use(request, browser, now(), inSeconds(1800))));
      expect(uses.filter((payload) => payload !== undefined)).toHaveLength(1);
    }
  });

  it('is not used when it has expired', async () => {
    const request = { id: uuidv7(now()), client: 'app', hash: hash(), payload: Buffer.from('sealed') };
    await get(PushedRequestStore).insert({ ...request, createdAt: now(), expiresAt: inSeconds(90) });
    expect(await get(PushedRequestStore).use(request, hash(), inSeconds(91), inSeconds(1800))).toBeUndefined();
  });
});

describe('DeviceRequestStore', () => {
  async function requested(userCodeHash = hash(), expiresAt = inSeconds(600)) {
    const id = uuidv7(now());
    const request = { id, client: 'app', scopes: ['openid'], resources: ['https://api.example'], hash: hash(), userCodeHash, interval: 5 };
    return { ...request, inserted: await get(DeviceRequestStore).insert({ ...request, createdAt: now(), expiresAt }) };
  }
  const approval = () => ({ subject, credentialVersion: 1, claims: { amr: ['pwd'] } });

  it('has one live request for each user code', async () => {
    const first = await requested();
    expect([first.inserted, (await requested(first.userCodeHash)).inserted]).toEqual([true, false]);
    storage.clock.advance(601);
    const next = await requested(first.userCodeHash);
    expect(next.inserted).toBe(true);
    expect(await get(DeviceRequestStore).findPending(next.userCodeHash, now())).toMatchObject({
      id: next.id,
      client: 'app',
      scopes: ['openid'],
    });
  });

  it('judges polls: pending, too soon with a growing interval, approved, redeemed', async () => {
    const request = await requested();
    const poll = async () => {
      const polled = await get(DeviceRequestStore).poll(request, 'app', now());
      return [polled?.status, polled?.tooSoon];
    };
    expect(await poll()).toEqual(['pending', false]);
    storage.clock.advance(4);
    expect(await poll()).toEqual(['pending', true]); // 10 s from now on
    storage.clock.advance(6);
    expect(await poll()).toEqual(['pending', true]); // 15 s
    storage.clock.advance(15);
    expect(await poll()).toEqual(['pending', false]);
    expect(await get(DeviceRequestStore).poll({ ...request, hash: hash() }, 'app', now())).toBeUndefined();
    expect(await get(DeviceRequestStore).poll(request, 'told', now())).toBeUndefined();
    expect(await get(DeviceRequestStore).decide(request.id, approval(), now())).toBe(true);
    expect(await get(DeviceRequestStore).findPending(request.userCodeHash, now())).toBeUndefined();
    expect(await get(DeviceRequestStore).poll(request, 'app', now())).toMatchObject({ status: 'approved', approval: approval() });
    const deviceRequest = { id: request.id, hash: request.hash };
    const racers = await Promise.all(Array.from({ length: 8 }, () => approved({ consented: true, deviceRequest })));
    expect(racers.filter(({ started }) => started)).toHaveLength(1);
    expect((await poll())[0]).toBe('redeemed');
  });

  it('is decided once, and by nobody when it has expired', async () => {
    const store = get(DeviceRequestStore);
    const request = await requested();
    const answers = await Promise.all([store.decide(request.id, approval(), now()), store.decide(request.id, undefined, now())]);
    expect(answers.filter(Boolean)).toHaveLength(1);
    const late = await requested();
    storage.clock.advance(600);
    expect(await store.decide(late.id, undefined, now())).toBe(false);
    expect(await store.poll(late, 'app', now())).toMatchObject({ status: 'expired' });
  });

  it('is a consent when it is approved, beside what was allowed before; and none when it is denied, or comes too late', async () => {
    const store = get(DeviceRequestStore);
    const consent = async () => (await get(ConsentStore).find(subject, 'app'))?.toSorted();
    const denied = await requested();
    await store.decide(denied.id, undefined, now());
    expect(await store.decide(denied.id, approval(), now())).toBe(false);
    expect(await consent()).toBeUndefined();
    expect(await store.decide((await requested()).id, approval(), now())).toBe(true);
    expect(await consent()).toEqual(['openid']);
    await get(ConsentStore).allow(subject, 'app', ['email'], now());
    await store.decide((await requested()).id, approval(), now());
    expect(await consent()).toEqual(['email', 'openid']);
  });

  it('yields nothing once the consent was withdrawn', async () => {
    const { id, hash: own } = await requested();
    await get(DeviceRequestStore).decide(id, approval(), now());
    await get(ConsentStore).withdraw(subject, 'app', now());
    expect((await approved({ consented: true, deviceRequest: { id, hash: own } })).started).toBe(false);
    expect(await get(DeviceRequestStore).poll({ id, hash: own }, 'app', now())).toMatchObject({ status: 'approved' });
  });

  it('yields nothing that was not approved', async () => {
    await get(ConsentStore).allow(subject, 'app', ['openid'], now());
    const pending = await requested();
    const denied = await requested();
    await get(DeviceRequestStore).decide(denied.id, undefined, now());
    for (const { id, hash: own } of [pending, denied])
      expect((await approved({ consented: true, deviceRequest: { id, hash: own } })).started).toBe(false);
    expect(await get(DeviceRequestStore).poll(denied, 'app', now())).toMatchObject({ status: 'denied' });
  });
});

describe('ClientAssertionStore', () => {
  it('remembers each assertion of a client once, however many come at once', async () => {
    const store = get(ClientAssertionStore);
    const jti = hash();
    const tries = await Promise.all(Array.from({ length: 16 }, () => store.remember('app', jti, inSeconds(60))));
    expect(tries.filter(Boolean)).toHaveLength(1);
    expect(await store.remember('told', jti, inSeconds(60))).toBe(true);
  });
});

describe('LogoutNoticeStore', () => {
  it('has one notice for each client of an ended session that wants to be told, in growing pauses until it is done', async () => {
    const store = get(LogoutNoticeStore);
    for (const app of ['app', 'told']) await get(ConsentStore).allow(subject, app, ['openid'], now());
    const { sid } = await signedIn();
    await approved({ sid, consented: true });
    for (let n = 0; n < 2; n++) await approved({ sid, consented: true }, { app: 'told' });
    await get(BrowserSessionStore).signOut(subject, sid, now());
    const [notice, ...more] = await store.take(now(), 10);
    expect([notice, more]).toEqual([{ id: expect.any(String), client: 'told', uri: 'https://told.example/logout', subject, sid }, []]);
    const pauses = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      let pause = 0;
      for (; (await store.take(now(), 10)).length === 0; pause += 10) storage.clock.advance(10);
      pauses.push(pause);
    }
    expect(pauses).toEqual([10, 20, 40]);
    await store.done(notice?.id ?? '');
    storage.clock.advance(3600);
    expect(await store.take(now(), 10)).toEqual([]);
  });

  it('leaves alone the clients that are named, and drops what nobody wants to know any more', async () => {
    const store = get(LogoutNoticeStore);
    const told = { displayName: 'Told', backchannelLogoutUri: 'https://told.example/logout' };
    for (const id of ['disabled', 'silent', 'kept']) await get(ClientStore).insert(client(id, told), now());
    for (const app of ['disabled', 'silent', 'kept', 'told']) {
      await get(ConsentStore).allow(subject, app, ['openid'], now());
      const { sid } = await signedIn();
      await approved({ sid, consented: true }, { app });
      await get(BrowserSessionStore).signOut(subject, sid, now());
      storage.clock.advance(1);
    }
    await get(ClientStore).setEnabled('disabled', false, now());
    await get(ClientStore).update(client('silent'), now());
    // Those ahead of it are not taken, and do not stand in its way.
    expect((await store.take(now(), 1, ['told'])).map((notice) => notice.client)).toEqual(['kept']);
    expect((await store.take(now(), 10)).map((notice) => notice.client)).toEqual(['told']);
    await get(ClientStore).setEnabled('disabled', true, now());
    await get(ClientStore).update(client('silent', told), now());
    storage.clock.advance(3600);
    const left = await store.take(now(), 10);
    expect(left.map((notice) => notice.client).sort()).toEqual(['kept', 'told']);
    for (const { id } of left) await store.done(id);
  });

  it('gives each notice to one of those who ask at once', async () => {
    await get(ConsentStore).allow(subject, 'told', ['openid'], now());
    for (let n = 0; n < 8; n++) {
      const { sid } = await signedIn();
      await approved({ sid, consented: true }, { app: 'told' });
      await get(SessionStore).end(subject, sid, now());
    }
    const taken = (await Promise.all(Array.from({ length: 4 }, () => get(LogoutNoticeStore).take(now(), 8)))).flat();
    expect(new Set(taken.map(({ id }) => id)).size).toBe(8);
    expect(taken).toHaveLength(8);
  });
});

describe('Pruning', () => {
  it('takes along requests, assertions and notices past their time', async () => {
    const store = get(MaintenanceStore);
    storage.clock.advance(3 * day);
    await store.prune(now(), 2 * day);
    const pushed = {
      id: uuidv7(now()),
      client: 'app',
      hash: hash(),
      payload: Buffer.from('x'),
      createdAt: now(),
      expiresAt: inSeconds(90),
    };
    await get(PushedRequestStore).insert(pushed);
    await get(ClientAssertionStore).remember('app', hash(), inSeconds(60));
    storage.clock.advance(59);
    expect((await store.prune(now(), 2 * day)).requestsDeleted).toBe(0);
    storage.clock.advance(32);
    expect((await store.prune(now(), 2 * day)).requestsDeleted).toBe(2);
  });
});
