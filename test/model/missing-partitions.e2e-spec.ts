import { randomUUID } from 'node:crypto';
import { bucketOf, EntryType } from '../../src/protocol/entry-key.js';
import { sha256 } from '../../src/protocol/hashing.js';
import { AuthorizationStore, type NewEntry } from '../../src/storage/authorization.store.js';
import { ClientStore, type NewClient } from '../../src/storage/client.store.js';
import { KeyStore } from '../../src/storage/key.store.js';
import { RevocationStore } from '../../src/storage/revocation.store.js';
import { SessionStore } from '../../src/storage/session.store.js';
import { createStorage, type TestStorage } from '../support/storage.js';

// Found by the model: revoking failed, and so revoked nothing, when maintenance had stood still for three days and the log's partition was missing.

let storage: TestStorage;
beforeEach(async () => {
  storage = await createStorage();
});
afterEach(() => storage.close());

interface Opened {
  readonly authorizationId: string;
  readonly subject: string;
  readonly sid: string;
  readonly link: NewEntry & { hash: Buffer };
  readonly access: NewEntry;
}

async function open(client: string): Promise<Opened> {
  const { clock, module } = storage;
  const ids = { authorizationId: randomUUID(), subject: randomUUID(), sid: randomUUID() };
  const entry = (type: EntryType, number: bigint): NewEntry => {
    const expiresAt = new Date(clock.now().getTime() + 20 * 86_400_000);
    return { key: { bucket: bucketOf(expiresAt), authorizationId: ids.authorizationId, type, number }, expiresAt };
  };
  const link = { ...entry(EntryType.refreshToken, 0n), hash: sha256('link') };
  const access = entry(EntryType.accessToken, 5n);
  const grant = {
    ...{ authorizationId: ids.authorizationId, client, subject: ids.subject, session: { sid: ids.sid } },
    ...{ scopes: [], resources: ['x'], claims: {}, formats: { referenceAccess: false, selfContainedRefresh: false } },
    ...{ createdAt: clock.now(), expiresAt: new Date(clock.now().getTime() + 90 * 86_400_000) },
  };
  expect(await module.get(AuthorizationStore).start(grant, link, access)).toBe(true);
  return { ...ids, link, access };
}

async function register(): Promise<string> {
  const id = `client-${randomUUID()}`;
  const client: NewClient = {
    id,
    displayName: '',
    type: 'public',
    authenticationMethod: 'none',
    permissions: { endpoints: ['token'], grantTypes: [], scopes: [], resources: [] },
    redirectUris: [],
    postLogoutRedirectUris: [],
    allowedOrigins: [],
    settings: {},
  };
  await storage.module.get(ClientStore).insert(client, storage.clock.now());
  return id;
}

describe('Without a partition for the log row', () => {
  it('every way to end something works all the same', async () => {
    const { module, clock } = storage;
    const client = await register();
    const [a, b, c, d, e] = [await open(client), await open(client), await open(client), await open(client), await open(client)];
    const { kid, ...key } = {
      kid: 'k',
      purpose: 'sign:ES256',
      sealed: Buffer.alloc(40),
      createdAt: clock.now(),
      activatesAt: clock.now(),
    } as const;
    await module.get(KeyStore).insert({ kid, ...key }, undefined);
    const revocations = module.get(RevocationStore);
    const ways = [
      () => revocations.revokeAccess(a.access.key, undefined, client, clock.now()),
      () => revocations.revokeFamily(b.link.key, b.link.hash, client, clock.now()),
      () => revocations.endAuthorization(c.authorizationId, clock.now()),
      async () => (await revocations.endSubject(d.subject, clock.now())).grants === 1,
      () => module.get(SessionStore).end(e.subject, e.sid, clock.now()),
      () => module.get(KeyStore).revoke(kid, clock.now()),
      () => module.get(ClientStore).setEnabled(client, false, clock.now()),
    ];
    for (const way of ways) {
      clock.advance(2 * 86_400); // each finds a day without a partition
      expect(await way()).toBe(true);
    }
  });

  it('many at once make one, and all of them succeed', async () => {
    const client = await register();
    for (let round = 0; round < 5; round++) {
      const opened = await Promise.all(Array.from({ length: 12 }, () => open(client)));
      storage.clock.advance(4 * 86_400);
      const ended = await Promise.all(
        opened.map(({ authorizationId }) => storage.module.get(RevocationStore).endAuthorization(authorizationId, storage.clock.now())),
      );
      expect(ended).toEqual(opened.map(() => true));
    }
  });
});
