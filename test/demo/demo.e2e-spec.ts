import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Users } from '../../src/identity/users.js';
import { seeChanges } from '../support/configuration.js';
import { unusedPort } from '../support/unused-port.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { ScopeStore } from '../../src/storage/scope.store.js';
import { onServer } from '../support/on-server.js';
import { ProtocolClient, signUp } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';
import { SOAK } from '../races/support/size.js';
import { BuiltCopy } from './support/built-copy.js';

let copy: BuiltCopy;
beforeAll(async () => {
  copy = await BuiltCopy.make();
}, 120_000);
afterAll(() => copy.remove());

/** Command lines of the processes that work in the copy. */
async function processes(): Promise<string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(copy.folder));
}

const leftovers = async (): Promise<string[]> => (await readdir(copy.folder)).filter((name) => name.startsWith('countersign-demo-'));

describe('npm run demo', () => {
  it('plays the whole story, and leaves nothing behind', async () => {
    const { status, output } = await copy.script('dist/examples/demo/demo.js');
    expect([status, output]).toEqual([0, expect.stringContaining('That was the whole story; every step was checked.')]);
    expect(output.match(/^ {5}\d{3} .+$/gm)?.map((line) => Number(line.slice(5, 8)))).toEqual([
      ...[201, 200], // register, sign in
      ...[401, 201, 200], // call: nobody, add, list
      ...[401, 200, 200], // expired, refreshed, called again
      ...[200, 401, 401], // the spent token within the leeway, after it, its successor
      ...[200, 200, 200, 204], // sign in, both APIs, log out
      ...[401, 200, 401, 401], // where entries are checked; where signatures are, until the end; no refresh
    ]);
    expect(output).toMatch(/the same successor, cs_rt_…\S{6}:/);
    expect(output).toContain('WWW-Authenticate: Bearer realm="todos"\n');
    // Nothing that could be used: shortened tokens only, no password.
    expect(output).not.toMatch(/cs_[a-z]{2}_[\w-]{20}|eyJ[\w-]{20}/);
    expect(output).not.toMatch(/password":"[^…]/);
    expect([await processes(), await leftovers()]).toEqual([[], []]);
  }, 120_000);

  it('fails when a step differs, and leaves nothing behind either', async () => {
    const story = join(copy.folder, 'dist/examples/demo/story.js');
    const text = await readFile(story, 'utf8');
    const [before, after] = text.split("auth('register', person, 201)");
    await writeFile(story, `${before}auth('register', person, 200)${after}`);
    const { status, output } = await copy.script('dist/examples/demo/demo.js');
    await writeFile(story, text);
    expect([status, output]).toEqual([1, expect.stringContaining('The demo did not go as it should: POST')]);
    expect([await processes(), await leftovers()]).toEqual([[], []]);
  }, 120_000);

  it('fails with the reason when the service cannot start', async () => {
    const main = join(copy.folder, 'dist/src/main.js');
    const text = await readFile(main, 'utf8');
    await writeFile(main, 'throw new Error("no service today");');
    const { status, output } = await copy.script('dist/examples/demo/demo.js');
    await writeFile(main, text);
    expect([status, output]).toEqual([1, expect.stringMatching(/The service ended at its start:[^]*no service today/)]);
    expect([await processes(), await leftovers()]).toEqual([[], []]);
  }, 120_000);

  it.each(['Starting the service', ...(SOAK ? ['1. Register'] : [])])(
    'can be stopped while it says "%s", and leaves nothing behind',
    async (moment) => {
      const { status, output } = await copy.script('dist/examples/demo/demo.js', moment);
      expect([status, output]).toEqual([130, expect.not.stringContaining('did not go as it should')]);
      expect([await processes(), await leftovers()]).toEqual([[], []]);
    },
    120_000,
  );
});

describe('npm run demo:web', () => {
  const DEMO = 'dist/examples/demo/demo-web.js';

  it('says where the web app is and whom to sign in as, goes on until it is stopped, and leaves nothing behind', async () => {
    const { status, output } = await copy.script(DEMO, 'Ctrl-C stops everything');
    expect([status, output]).toEqual([0, expect.stringMatching(/the web app {3}http:\/\/localhost:\d+ [^]*demo@example\.test, \S{16}\n/)]);
    expect([await processes(), await leftovers()]).toEqual([[], []]);
  }, 120_000);

  it('says that a port is taken, before anything is started', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { status, output } = await copy.script(DEMO, undefined, { PORT: String(port) });
    server.close();
    expect([status, output]).toEqual([
      1,
      `\nThe demo cannot go on: Port ${port} is taken by another program: set PORT to another one, or to none.\n`,
    ]);
    expect(await leftovers()).toEqual([]);
  }, 120_000);
});

describe('examples/web-app', () => {
  it('says what is missing when it cannot start', async () => {
    const start = (environment: Record<string, string>) => copy.serve('dist/examples/web-app/main.js', environment);
    await expect(start({ STORE: 'postgres', ISSUER: 'nowhere' })).rejects.toThrow(
      /oidc\.issuer must[^]*keys must hold one[^]*import PostgresStorageModule/,
    );
  });
});

describe('examples/todo-api with CHECK=entry', () => {
  const AUDIENCE = 'http://localhost:4000';
  const role = `todo_api_${randomBytes(4).toString('hex')}`;
  let service: TestService;
  let api: Awaited<ReturnType<BuiltCopy['serve']>>;
  let todos: ProtocolClient;
  const bearer = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });

  beforeAll(async () => {
    const scopes = ['offline_access', 'todos:read', 'todos:write'];
    service = await startService({ issuance: { referenceAccessTokens: true, defaultAudience: AUDIENCE, firstPartyScopes: scopes } });
    for (const name of scopes.slice(1)) await service.get(ScopeStore).put({ name, resources: [AUDIENCE] }, service.clock.now());
    // The log-in that docs/operating.md describes: it may read entries and nothing else.
    const password = randomBytes(12).toString('hex');
    await onServer(service.database.url, (client) =>
      client.query(`create role ${role} login password '${password}' in role countersign_reader`),
    );
    const url = new URL(service.database.url);
    url.username = role;
    url.password = password;
    const port = String(await unusedPort());
    const environment = { ISSUER: service.issuer, CHECK: 'entry', DATABASE_URL: url.href, PORT: port };
    api = await copy.serve('dist/examples/todo-api/main.js', environment);
    todos = new ProtocolClient(`http://127.0.0.1:${port}`);
  }, 60_000);
  afterAll(async () => {
    await api?.stop();
    await onServer(service.database.url, (client) => client.query(`drop role if exists ${role}`));
    await service?.close();
  });

  it('keeps a list for each caller, and refuses a token at once when it is revoked', async () => {
    const [ada, eve] = [await signUp(service.url), await signUp(service.url)];
    const added = await todos.json('POST', '/todos', { title: ' buy milk ' }, ada.accessToken);
    expect([added.status, added.body]).toEqual([201, { id: expect.any(String), title: 'buy milk' }]);
    expect((await todos.json('GET', '/todos', undefined, ada.accessToken)).body).toEqual([added.body]);
    expect((await todos.json('GET', '/todos', undefined, eve.accessToken)).body).toEqual([]);
    expect((await todos.json('DELETE', `/todos/${added.body.id}`, undefined, eve.accessToken)).status).toBe(404);
    expect((await todos.json('DELETE', `/todos/${added.body.id}`, undefined, ada.accessToken)).status).toBe(204);
    expect((await todos.json('GET', '/todos', undefined, ada.accessToken)).body).toEqual([]);
    await new ProtocolClient(service.url).json('POST', '/auth/logout', undefined, ada.accessToken);
    const refused = await todos.json('GET', '/todos', undefined, ada.accessToken);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('error="invalid_token"')]);
  });

  it('refuses a title that is none', async () => {
    const { accessToken } = await signUp(service.url);
    for (const body of [{}, { title: ' ' }, { title: 5 }, { title: 'x'.repeat(201) }, []]) {
      expect((await todos.json('POST', '/todos', body, accessToken)).status).toBe(400);
    }
  });

  it('asks for scopes and roles, and lets everybody ask how it is', async () => {
    const person = await signUp(service.url);
    expect((await todos.json('GET', '/todos/count', undefined, person.accessToken)).status).toBe(403);
    await service.get(Users).create({ email: 'admin@example.test', password: person.password, roles: ['admin'] });
    const admin = await new ProtocolClient(service.url).json('POST', '/auth/login', {
      email: 'admin@example.test',
      password: person.password,
    });
    const count = await todos.json('GET', '/todos/count', undefined, admin.body.accessToken);
    expect([count.status, count.body]).toEqual([200, { owners: expect.any(Number), todos: expect.any(Number) }]);

    const client = await service.get(ClientStore).find('first-party');
    if (!client) throw new Error('no first-party client');
    await service
      .get(ClientStore)
      .update({ ...client, permissions: { ...client.permissions, scopes: ['todos:read'] } }, service.clock.now());
    await seeChanges(service);
    const reader = await signUp(service.url);
    expect((await todos.send('/todos', bearer(reader.accessToken))).status).toBe(200);
    const refused = await todos.json('POST', '/todos', { title: 'x' }, reader.accessToken);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      403,
      expect.stringMatching(/error="insufficient_scope".*scope="todos:write"/),
    ]);
    expect((await todos.json('GET', '/health')).body).toEqual({ status: 'ok' });
    expect((await todos.json('GET', '/todos')).headers.get('www-authenticate')).toBe('Bearer realm="todos"');
  });

  it('says what is missing when it cannot start', async () => {
    const start = (environment: Record<string, string>) => copy.serve('dist/examples/todo-api/main.js', environment);
    await expect(start({ CHECK: 'entry' })).rejects.toThrow(/CHECK=entry needs DATABASE_URL/);
    await expect(start({ CHECK: 'introspection' })).rejects.toThrow(/clientId: [^]*clientSecret: /);
    await expect(start({ CHECK: 'guess', ISSUER: 'nowhere' })).rejects.toThrow(/issuer: [^]*check: /);
  });
});
