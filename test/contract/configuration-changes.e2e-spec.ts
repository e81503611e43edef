import { randomBytes } from 'node:crypto';
import { bucketOf, EntryType } from '../../src/protocol/entry-key.js';
import { newAccessNumber } from '../../src/protocol/token-string.js';
import { AuthorizationStore } from '../../src/storage/authorization.store.js';
import { ClientStore, type NewClient } from '../../src/storage/client.store.js';
import { KeyStore } from '../../src/storage/key.store.js';
import { RevocationKind, RevocationStore } from '../../src/storage/revocation.store.js';
import { RevocationLogStore, type LogCursor } from '../../src/storage/revocation-log.store.js';
import { ScopeStore } from '../../src/storage/scope.store.js';
import { openChain } from '../support/chain.js';
import { createStorage, type TestStorage } from '../support/storage.js';

let storage: TestStorage;
beforeAll(async () => {
  storage = await createStorage();
});
afterAll(() => storage.close());

const get = <T>(port: abstract new (...args: never[]) => T): T => storage.module.get(port as never);
const now = (): Date => storage.clock.now();
const changesSince = (cursor: LogCursor | undefined) => get(RevocationLogStore).readKind(RevocationKind.configuration, cursor);

/** What the log says has changed by it. */
async function changesOf(work: () => Promise<unknown>): Promise<string[] | undefined> {
  const start = await changesSince(undefined);
  await work();
  return (await changesSince(start?.cursor))?.rows.map(({ key }) => key.toString());
}

const machine = (id: string): NewClient => ({
  id,
  displayName: id,
  type: 'confidential',
  authenticationMethod: 'client_secret_basic',
  permissions: { endpoints: ['token'], grantTypes: ['client_credentials'], scopes: [], resources: [] },
  redirectUris: [],
  postLogoutRedirectUris: [],
  allowedOrigins: [],
  settings: {},
});

const key = (kid: string) =>
  ({ kid, purpose: 'sign:ES256', publicJwk: { kty: 'EC' }, sealed: Buffer.of(1), createdAt: now(), activatesAt: now() }) as const;

const standing = async (id: string): Promise<string> => (await get(ClientStore).find(id))?.standingAuthorizationId ?? '';

/** So that there is something to end. */
async function issue(client: string): Promise<void> {
  const expiresAt = new Date(now().getTime() + 900_000);
  const [authorizationId, number] = [await standing(client), newAccessNumber()];
  const entry = { key: { bucket: bucketOf(expiresAt), authorizationId, type: EntryType.accessToken, number }, expiresAt };
  expect(await get(AuthorizationStore).issueStanding(client, now(), entry)).toBe(true);
}

describe('What changes a client is in the log with the change, and what changes nothing is not', () => {
  const store = () => get(ClientStore);
  beforeAll(async () => {
    await store().insert(machine('known'), now());
  });

  it.each<[string, () => Promise<unknown>, string[]]>([
    ['insert', () => store().insert(machine('new'), now()), ['client:new']],
    ['insert of an id that is taken', () => store().insert(machine('known'), now()), []],
    ['update', () => store().update({ ...machine('known'), displayName: 'renamed' }, now()), ['client:known']],
    ['update of none', () => store().update(machine('unknown'), now()), []],
    ['addSecret', () => store().addSecret('known', randomBytes(32), now(), now()), ['client:known']],
    ['addSecret to none', () => store().addSecret('unknown', randomBytes(32), now(), now()), []],
    ['setEnabled(false)', () => store().setEnabled('known', false, now()), ['client:known']],
    ['setEnabled(false), again', () => store().setEnabled('known', false, now()), []],
    ['setEnabled(true)', () => store().setEnabled('known', true, now()), ['client:known']],
    ['setEnabled(true), again', () => store().setEnabled('known', true, now()), []],
    ['an id beyond ASCII', () => store().insert(machine('größe 🔑'), now()), ['client:größe 🔑']],
  ])('%s', async (_, work, expected) => {
    expect(await changesOf(work)).toEqual(expected);
  });

  it('the end of its tokens, and of its standing grant, which is replaced; that of another grant is none', async () => {
    const revocations = get(RevocationStore);
    await issue('known');
    expect(await changesOf(() => revocations.endClient('known', now()))).toEqual(['client:known']);
    expect(await changesOf(() => revocations.endClient('known', now()))).toEqual([]);
    const before = await standing('known');
    expect(await changesOf(() => revocations.endAuthorization(before, now()))).toEqual(['client:known']);
    expect(await standing('known')).not.toBe(before);
    const chain = await openChain({ get, clock: storage.clock }, { client: 'known' });
    expect(await changesOf(() => revocations.endAuthorization(chain.authorizationId, now()))).toEqual([]);
  });
});

it('So it is with scopes', async () => {
  const store = get(ScopeStore);
  expect(await changesOf(() => store.put({ name: 'todos:read', resources: [] }, now()))).toEqual(['scopes']);
  expect(await changesOf(() => store.put({ name: 'todos:read', description: 'Read', resources: [] }, now()))).toEqual(['scopes']);
  expect(await changesOf(() => store.remove('todos:read', now()))).toEqual(['scopes']);
  expect(await changesOf(() => store.remove('todos:read', now()))).toEqual([]);
});

it('So it is with keys', async () => {
  const store = get(KeyStore);
  expect(await changesOf(() => store.insert(key('one'), undefined))).toEqual(['keys']);
  expect(await changesOf(() => store.insert(key('two'), undefined))).toEqual([]);
  expect(await changesOf(() => store.revoke('one', now()))).toEqual(['keys']);
  expect(await changesOf(() => store.revoke('one', now()))).toEqual([]);
  const ids = (await store.list()).map(({ id }) => id);
  expect(await changesOf(() => store.remove(ids, now()))).toEqual(['keys']);
  expect(await changesOf(() => store.remove(ids, now()))).toEqual([]);
});

it('Without a partition for the log row all of it works the same', async () => {
  const [clients, scopes, keys] = [get(ClientStore), get(ScopeStore), get(KeyStore)];
  await clients.insert(machine('late'), now());
  const ways: (() => Promise<unknown>)[] = [
    () => clients.insert(machine('later'), now()),
    () => clients.update({ ...machine('late'), displayName: 'renamed' }, now()),
    () => clients.addSecret('late', randomBytes(32), now(), now()),
    () => clients.setEnabled('late', false, now()),
    () => clients.setEnabled('late', true, now()),
    async () => get(RevocationStore).endAuthorization(await standing('late'), now()),
    () => scopes.put({ name: 'late', resources: [] }, now()),
    () => scopes.remove('late', now()),
    () => keys.insert(key('late'), undefined),
    () => keys.revoke('late', now()),
    async () =>
      keys.remove(
        (await keys.list()).map(({ id }) => id),
        now(),
      ),
  ];
  const told: (string[] | undefined)[] = [];
  for (const way of ways) {
    storage.clock.advance(2 * 86_400); // each finds a day without a partition
    told.push(await changesOf(way));
  }
  expect(told).toEqual([
    ...['later', 'late', 'late', 'late', 'late', 'late'].map((id) => [`client:${id}`]),
    ...[['scopes'], ['scopes']],
    ...[['keys'], ['keys'], ['keys']],
  ]);
});

describe('Rows of one kind', () => {
  it('are told however many there are of others', async () => {
    const chains = await Promise.all(Array.from({ length: 20 }, () => openChain({ get, clock: storage.clock }, { client: 'known' })));
    const told = await changesOf(async () => {
      for (const { authorizationId } of chains) await get(RevocationStore).endAuthorization(authorizationId, now());
      await get(ScopeStore).put({ name: 'among-them', resources: [] }, now());
    });
    expect(told).toEqual(['scopes']);
  });

  it('are told from no cursor of another life of the database', async () => {
    const { cursor } = (await changesSince(undefined)) ?? {};
    expect(await changesSince(cursor && { ...cursor, epoch: `${cursor.epoch}0` })).toBeUndefined();
    expect(await changesSince(cursor && { ...cursor, snapshot: 'x' })).toBeUndefined();
    expect(await changesSince(cursor)).toMatchObject({ rows: [] });
  });
});
