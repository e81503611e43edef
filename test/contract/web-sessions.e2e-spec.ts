import { randomBytes, randomUUID } from 'node:crypto';
import { Test } from '@nestjs/testing';
import { SESSION_OPTIONS } from '../../src/session/session.options.js';
import { SessionModule } from '../../src/session/session.module.js';
import { PostgresStorageModule } from '../../src/storage/postgres/postgres-storage.module.js';
import { MemorySessionStorageModule } from '../../src/storage/memory/memory-session-storage.module.js';
import { MemoryWebSessionStore } from '../../src/storage/memory/memory-web-session.store.js';
import { WebSessionStore, type NewWebSession } from '../../src/storage/web-session.store.js';
import { createEmptyDatabase } from '../service/support/empty-database.js';
import { createStorage, type TestStorage } from '../support/storage.js';

const ISSUER = 'https://id.example';
let storage: TestStorage;
let store: WebSessionStore;
beforeAll(async () => {
  storage = await createStorage();
});
afterAll(() => storage.close());

const now = (): Date => storage.clock.now();
const inSeconds = (seconds: number): Date => new Date(now().getTime() + seconds * 1000);

async function open(changes: Partial<NewWebSession> = {}): Promise<Buffer> {
  const id = randomBytes(32);
  const dates = { createdAt: now(), idleUntil: inSeconds(3_600), expiresAt: inSeconds(7_200) };
  await store.open({ id, issuer: ISSUER, subject: randomUUID(), sid: randomUUID(), sealed: 'first', ...dates, ...changes });
  return id;
}

const STORES: readonly (readonly [string, () => WebSessionStore])[] = [
  ['Postgres', () => storage.module.get(WebSessionStore)],
  ['memory', () => new MemoryWebSessionStore()],
];

describe.each(STORES)('In %s', (_name, create) => {
  beforeAll(() => {
    store = create();
  });

  describe('A web session', () => {
    it('is found until it ends: by itself, unused, or by its end', async () => {
      const id = await open({ sealed: 'content' });
      expect(await store.find(id, now())).toEqual({ generation: 0, sealed: 'content', data: {}, idleUntil: inSeconds(3_600) });
      expect(await store.find(id, inSeconds(3_600))).toBeUndefined();
      expect(await store.find(randomBytes(32), now())).toBeUndefined();
      expect([await store.end(id), await store.end(id)]).toEqual([true, false]);
      expect(await store.find(id, now())).toBeUndefined();
    });

    it('lives on while it is used, to its absolute end and no longer', async () => {
      const id = await open();
      await store.touch(id, inSeconds(5_000));
      await store.touch(id, inSeconds(4_000)); // of a request that took longer
      expect((await store.find(id, now()))?.idleUntil).toEqual(inSeconds(5_000));
      await store.touch(id, inSeconds(9_000));
      expect((await store.find(id, now()))?.idleUntil).toEqual(inSeconds(7_200));
    });

    it('is ended by the session at the issuer, or the person', async () => {
      const [subject, sid] = [randomUUID(), randomUUID()];
      const before = { issuer: ISSUER, createdBefore: inSeconds(1) };
      const [one, other, foreign] = [
        await open({ subject, sid }),
        await open({ subject }),
        await open({ subject, sid, issuer: 'https://b.example' }),
      ];
      expect(await store.endAll({ ...before, sid, subject: randomUUID() })).toEqual([]);
      expect(await store.endAll({ ...before, sid, createdBefore: now() })).toEqual([]); // it began later
      expect(await store.endAll({ ...before, sid })).toEqual([one]);
      expect(await store.find(one, now())).toBeUndefined();
      expect(await store.live([one, other, foreign], now())).toEqual(expect.arrayContaining([other, foreign]));
      expect(await store.endAll({ ...before, subject })).toEqual([other]);
      expect([await store.find(other, now()), (await store.find(foreign, now()))?.generation]).toEqual([undefined, 0]);
    });

    it('is deleted past its end, so many at a time', async () => {
      const ids = [
        await open({ idleUntil: inSeconds(10) }),
        await open({ idleUntil: inSeconds(10) }),
        await open({ idleUntil: inSeconds(20) }),
      ];
      expect(await store.prune(inSeconds(9), 500)).toBe(0);
      expect([await store.prune(inSeconds(10), 1), await store.prune(inSeconds(10), 500), await store.prune(inSeconds(10), 500)]).toEqual([
        1, 1, 0,
      ]);
      expect(await store.find(ids[2] as Buffer, now())).toBeDefined();
    });
  });

  describe('The lease to refresh a web session', () => {
    const [one, other] = [randomUUID(), randomUUID()];

    it('has one holder at a time, of any number who ask at once', async () => {
      const id = await open();
      const holders = Array.from({ length: 16 }, () => randomUUID());
      const got = await Promise.all(holders.map((holder) => store.lease(id, 0, holder, now(), inSeconds(10))));
      expect(got.filter(Boolean)).toHaveLength(1);
    });

    it('is renewed by its holder, taken over when its time is over, and free again when it is given back', async () => {
      const id = await open();
      expect(await store.lease(id, 0, one, now(), inSeconds(10))).toBe(true);
      expect(await store.lease(id, 0, one, inSeconds(5), inSeconds(15))).toBe(true);
      expect(await store.lease(id, 0, other, inSeconds(14), inSeconds(24))).toBe(false);
      expect(await store.lease(id, 0, other, inSeconds(15), inSeconds(25))).toBe(true);
      await store.release(id, one); // it is not its own any more
      expect((await store.find(id, now()))?.leasedUntil).toEqual(inSeconds(25));
      await store.release(id, other);
      expect(await store.lease(id, 0, one, now(), inSeconds(10))).toBe(true);
    });

    it('lets its holder alone store what the refresh brought, once', async () => {
      const id = await open();
      await store.lease(id, 0, one, now(), inSeconds(10));
      expect(await store.advance(id, 0, other, 'stolen', now())).toBe(false);
      expect(await store.advance(id, 0, one, 'next', now())).toBe(true);
      expect(await store.advance(id, 0, one, 'again', now())).toBe(false);
      expect(await store.find(id, now())).toMatchObject({ generation: 1, sealed: 'next' });
      expect(await store.lease(id, 0, other, now(), inSeconds(10))).toBe(false);
    });

    it('is worth nothing once somebody took it over, or the session ended', async () => {
      const id = await open();
      await store.lease(id, 0, one, now(), inSeconds(10));
      await store.lease(id, 0, other, inSeconds(10), inSeconds(20));
      expect(await store.advance(id, 0, one, 'late', now())).toBe(false);
      await store.end(id);
      expect(await store.advance(id, 0, other, 'late', now())).toBe(false);
      expect(await store.find(id, now())).toBeUndefined();
    });
  });

  describe('The content of a web session', () => {
    it('is handed out until the browser was seen to have it, and a while longer', async () => {
      const id = await open();
      const holder = randomUUID();
      await store.lease(id, 0, holder, now(), inSeconds(10));
      await store.advance(id, 0, holder, 'next', now());
      await store.acknowledge(id, 0, inSeconds(1)); // an old cookie shows nothing
      expect((await store.find(id, now()))?.forgetAt).toBeUndefined();
      await store.acknowledge(id, 1, inSeconds(30));
      await store.acknowledge(id, 1, inSeconds(300)); // as it does with every request
      expect(await store.find(id, now())).toMatchObject({ generation: 1, sealed: 'next', forgetAt: inSeconds(30) });
      await store.lease(id, 1, holder, now(), inSeconds(10));
      await store.advance(id, 1, holder, 'third', now());
      expect((await store.find(id, now()))?.forgetAt).toBeUndefined();
    });
  });

  describe('The data of a web session', () => {
    const data = async (id: Buffer) => (await store.find(id, now()))?.data;

    it('is kept value by value, whoever writes at the same time', async () => {
      const id = await open();
      const kept = await Promise.all(['a', 'b', 'c'].map((name) => store.keep(id, name, `sealed ${name}`, now())));
      expect([kept, await data(id)]).toEqual([[true, true, true], { a: 'sealed a', b: 'sealed b', c: 'sealed c' }]);
      await store.keep(id, 'b', undefined, now());
      await store.keep(id, 'a', 'other', now());
      expect(await data(id)).toEqual({ a: 'other', c: 'sealed c' });
      await store.end(id);
      expect(await store.keep(id, 'a', 'late', now())).toBe(false);
    });

    it('survives a refresh', async () => {
      const id = await open();
      const holder = randomUUID();
      await store.lease(id, 0, holder, now(), inSeconds(10));
      await store.keep(id, 'a', 'kept', now());
      await store.advance(id, 0, holder, 'next', now());
      expect(await data(id)).toEqual({ a: 'kept' });
    });
  });

  describe('Another id for a web session', () => {
    const [holder, other] = [randomUUID(), randomUUID()];
    const to = (dataBefore: Record<string, string>) => ({ id: randomBytes(32), sealed: 'anew', data: { a: 'anew' }, dataBefore });

    it('is given by the holder of the lease, who knows all of the data; the old one is dead', async () => {
      const id = await open();
      await store.keep(id, 'a', 'first', now());
      await store.lease(id, 0, holder, now(), inSeconds(10));
      const renamed = to({ a: 'first' });
      expect(await store.rename(id, other, renamed, now())).toBe(false);
      expect(await store.rename(id, holder, to({}), now())).toBe(false);
      expect(await store.rename(id, holder, renamed, inSeconds(10))).toBe(false); // somebody may have taken over
      expect(await store.rename(id, holder, renamed, now())).toBe(true);
      expect(await store.find(id, now())).toBeUndefined();
      expect(await store.find(renamed.id, now())).toEqual({
        generation: 0,
        sealed: 'anew',
        data: { a: 'anew' },
        idleUntil: inSeconds(3_600),
      });
      expect(await store.lease(renamed.id, 0, other, now(), inSeconds(10))).toBe(true);
    });
  });

  describe('A logout token', () => {
    it('is new once, in however many processes, until nobody would take it any more', async () => {
      const id = randomBytes(32);
      const seen = await Promise.all(Array.from({ length: 8 }, () => store.firstSeen(id, inSeconds(60))));
      expect(seen.filter(Boolean)).toHaveLength(1);
      expect([await store.wasSeen(id, inSeconds(59)), await store.wasSeen(id, inSeconds(60))]).toEqual([true, false]);
      expect([await store.pruneSeen(inSeconds(59), 500), await store.firstSeen(id, inSeconds(60))]).toEqual([0, false]);
      expect([await store.pruneSeen(inSeconds(60), 500), await store.firstSeen(id, inSeconds(60))]).toEqual([1, true]);
    });
  });
});

describe('An app whose sessions are in memory', () => {
  it('has a store without a database', async () => {
    const session = SessionModule.forRoot({
      baseUrl: 'https://app.example',
      store: 'postgres',
      oidc: { issuer: ISSUER, clientId: 'app' },
      keys: [randomBytes(32)],
    });
    const module = await Test.createTestingModule({ imports: [MemorySessionStorageModule, session] }).compile();
    expect(module.get(SESSION_OPTIONS, { strict: false })).toMatchObject({ store: 'postgres' });
    expect(module.get(WebSessionStore)).toBeInstanceOf(MemoryWebSessionStore);
    await module.close();
  });

  // Seen to fail: the application began to serve, and each sign-in was answered with 500.
  it('is refused a database without its tables', async () => {
    const database = await createEmptyDatabase();
    const session = SessionModule.forRoot({
      baseUrl: 'http://localhost:3000',
      oidc: { issuer: ISSUER, clientId: 'app' },
      keys: [randomBytes(32)],
    });
    const module = Test.createTestingModule({ imports: [PostgresStorageModule.forRoot({ url: database.url }), session] });
    await expect(module.compile()).rejects.toThrow('the database lacks the tables of sessions');
    await database.drop();
  });
});
