import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ConfigurationWatch } from '../../src/issuance/configuration/configuration-watch.js';
import { KeyRing } from '../../src/issuance/keys/key-ring.js';
import { KeyRotation } from '../../src/issuance/keys/key-rotation.js';
import { ClientStore, type ClientSettings } from '../../src/storage/client.store.js';
import { RevocationStore } from '../../src/storage/revocation.store.js';
import { ScopeStore } from '../../src/storage/scope.store.js';
import { confidentialClient, type TestClient } from '../support/clients.js';
import { seeChanges } from '../support/configuration.js';
import { ProtocolClient } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';
import { statementsDuring } from '../support/statement-count.js';

/*
 * Two instances: what is changed at one is seen at the other. Seen to fail: with no row written for an update; with a record put away whenever it
 * was read (the race); with nothing forgotten where the log cannot be read.
 */
const QUIET = { backchannelLogout: false };

let here: TestService;
let there: TestService;
let beside: pg.Client;
beforeAll(async () => {
  here = await startService({ issuance: QUIET });
  there = await startService({ issuance: QUIET, beside: here });
  beside = new pg.Client({ connectionString: here.database.url });
  await beside.connect();
});
afterAll(async () => {
  await beside?.end();
  await there?.close();
  await here?.close();
});

const token = (client: TestClient, scope?: string) =>
  new ProtocolClient(there.url, client).token({ grant_type: 'client_credentials', ...(scope !== undefined && { scope }) });
const lifetime = async (client: TestClient): Promise<number> => (await token(client)).body.expires_in;

/** As an operator does, at the other instance. */
async function change({ id }: TestClient, settings: ClientSettings): Promise<void> {
  const store = here.get(ClientStore);
  const client = await store.find(id);
  if (!client) throw new Error('The client is missing.');
  expect(await store.update({ ...client, settings }, here.clock.now())).toBe(true);
}

/** Waits, on the real clock: the instances look by themselves. */
async function until(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) await sleep(50);
}

async function known(): Promise<TestClient> {
  const client = await confidentialClient().withScopes('todos:read').register(here);
  await seeChanges(there);
  expect((await token(client, 'todos:read')).status).toBe(200);
  return client;
}

describe('A change at another instance', () => {
  it('of a client is seen without being asked for: until then nothing is read for a request', async () => {
    const client = await known();
    for (let n = 0; n < 3; n++) {
      expect(await statementsDuring(() => token(client, 'todos:read'))).toEqual(['issue_standing']);
      there.clock.advance(15);
    }
    await change(client, { accessTokenLifetime: 60 });
    await until(async () => (await lifetime(client)) === 60);
    expect(await statementsDuring(() => token(client, 'todos:read'))).toEqual(['issue_standing']);
    await here.get(ClientStore).setEnabled(client.id, false, here.clock.now());
    await until(async () => (await token(client)).body.error === 'invalid_client');
  });

  it('that nobody logged is seen after a minute', async () => {
    const client = await known();
    await beside.query(`update client set settings = '{"accessTokenLifetime": 77}' where id = $1`, [client.id]);
    await seeChanges(there);
    there.clock.advance(44);
    expect(await lifetime(client)).toBe(900);
    there.clock.advance(16);
    expect(await lifetime(client)).toBe(77);
  });

  it('of its standing grant costs its first request no second attempt', async () => {
    const client = await known();
    await here.get(RevocationStore).endClient(client.id, here.clock.now());
    await seeChanges(there);
    await lifetime(client);
    expect(await statementsDuring(() => token(client))).toEqual(['issue_standing']);
  });

  it('of the scopes is in what may be asked for, and in the metadata with another ETag', async () => {
    const client = await confidentialClient().withScopes('notes').register(here);
    const metadata = () => new ProtocolClient(there.url).send('/.well-known/openid-configuration', {});
    const before = await metadata();
    expect(before.body.scopes_supported).not.toContain('notes');
    expect((await token(client, 'notes')).body.error).toBe('invalid_scope');
    await here.get(ScopeStore).put({ name: 'notes', resources: ['https://notes.example'] }, here.clock.now());
    await seeChanges(there);
    expect((await token(client, 'notes')).status).toBe(200);
    const after = await metadata();
    expect(after.body.scopes_supported).toContain('notes');
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'));
    await here.get(ScopeStore).remove('notes', here.clock.now());
    await seeChanges(there);
    expect((await token(client, 'notes')).body.error).toBe('invalid_scope');
    expect((await metadata()).headers.get('etag')).toBe(before.headers.get('etag'));
  });

  it('of the keys is in the key set, and in what is signed with', async () => {
    const published = async (): Promise<string[]> =>
      (await new ProtocolClient(there.url).json('GET', '/.well-known/jwks.json')).body.keys.map(({ kid }: { kid: string }) => kid);
    const [made] = await here.get(KeyRotation).rotateNow(['sign:ES256']);
    await seeChanges(there);
    expect(await published()).toContain(made?.kid);
    expect(there.get(KeyRing).signing('ES256').kid).toBe(made?.kid);
    await here.get(KeyRotation).revoke(made?.kid ?? '');
    await seeChanges(there);
    expect(await published()).not.toContain(made?.kid);
    expect(await there.get(KeyRing).verification(made?.kid ?? '')).toBeUndefined();
  });
});

it('A record that was being read when it changed is for that request, and not remembered', async () => {
  const client = await known();
  await change(client, {}); // so that it is read anew
  await seeChanges(there);
  await beside.query('begin; lock table client_secret in access exclusive mode');
  const early = lifetime(client);
  await until(async () => {
    const waiting = await beside.query(`select from pg_locks where relation = 'client_secret'::regclass and not granted`);
    return waiting.rowCount === 1;
  });
  const changed = confidentialClient().withScopes('todos:read').withSettings({ accessTokenLifetime: 60 });
  await changed.with({ id: client.id }).update(here);
  await seeChanges(there);
  await beside.query('rollback');
  expect(await early).toBe(900);
  expect(await lifetime(client)).toBe(60);
});

describe('While the log', () => {
  const READ = expect.stringContaining('FROM "client"');

  it('cannot be read, records are forgotten at each look; what is changed then is not missed', async () => {
    const client = await known();
    await beside.query('alter table revocation_log rename to hidden');
    try {
      for (let n = 0; n < 2; n++) {
        await seeChanges(there);
        expect(await statementsDuring(() => token(client))).toContainEqual(READ);
      }
      await beside.query(`update client set settings = '{"accessTokenLifetime": 77}' where id = $1`, [client.id]);
    } finally {
      await beside.query('alter table hidden rename to revocation_log');
    }
    await seeChanges(there);
    expect(await lifetime(client)).toBe(77);
    await seeChanges(there);
    expect(await statementsDuring(() => token(client))).toEqual(['issue_standing']);
  });

  it('is not answered for, as well', async () => {
    const client = await known();
    await beside.query('begin; lock table revocation_log in access exclusive mode');
    void there.get(ConfigurationWatch).tick();
    await until(async () => {
      const waiting = await beside.query(`select from pg_locks where relation = 'revocation_log'::regclass and not granted`);
      return Number(waiting.rowCount) > 0;
    });
    await there.get(ConfigurationWatch).tick();
    const statements = await statementsDuring(() => token(client));
    await beside.query('rollback');
    expect(statements).toContainEqual(READ);
  });
});
