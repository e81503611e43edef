import { Logger } from '@nestjs/common';
import pg from 'pg';
import { newUserCode } from '../../src/protocol/user-code.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { Accounts } from '../../src/identity/accounts/accounts.js';
import { deviceClient, PersonalBrowser } from '../device/support/device-flow.js';
import { App } from '../authorization/support/app.js';
import { signedIn } from '../support/code-flow.js';
import { seeChanges } from '../support/configuration.js';
import type { TestService } from '../support/service-app.js';
import { CapturedOutput } from './support/captured-output.js';
import { dumpDatabase } from './support/database-dump.js';
import { KnownSecrets } from './support/known-secrets.js';
import { startRecordedService } from './support/recorded-service.js';
import { Story } from './support/story.js';

const output = new CapturedOutput();
const secrets = new KnownSecrets();
let service: TestService;
let client: pg.Client;
let dumps = '';

beforeAll(async () => {
  output.start();
  service = await startRecordedService(output);
  client = new pg.Client({ connectionString: service.database.url });
  await client.connect();
  await tell(new Story(service, secrets));
  dumps += await dumpDatabase(client);
}, 120_000);
afterAll(async () => {
  output.stop();
  await client.end();
  await service.close();
});

/** Statuses are asserted only where the story would not be one otherwise. */
async function tell(story: Story): Promise<void> {
  const ok = <T extends { status: number; text: string }>(answer: T): T => {
    if (answer.status >= 300) throw new Error(`the story ended with ${answer.status}: ${answer.text}`);
    return answer;
  };
  await story.rememberKeys();

  // People: register, sign in, refresh, retry, reuse, change the password, log out.
  const email = 'ada@example.test';
  const password = story.password();
  const first = ok(await story.json('register', { email, password })).body;
  await story.json('register', { email, password: story.password() });
  await story.json('login', { email, password: story.password() });
  const session = ok(await story.json('login', { email, password })).body;
  ok(await story.json('me', undefined, session.accessToken, 'GET'));
  const second = ok(await story.json('refresh', { refreshToken: session.refreshToken, accessToken: session.accessToken })).body;
  ok(await story.refresh(session.refreshToken));
  ok(await story.json('sessions', undefined, second.accessToken, 'GET'));
  const newPassword = story.password();
  ok(await story.json('change-password', { currentPassword: password, newPassword }, second.accessToken));
  await story.refresh(first.refreshToken); // ended by the change
  service.clock.advance(31);
  await story.refresh(session.refreshToken); // reuse
  const third = ok(await story.json('login', { email, password: newPassword })).body;
  ok(await story.json('logout', { refreshToken: third.refreshToken }, third.accessToken));

  // Machines, in every format; secrets rotated, wrong, and of others.
  const api = await story.api();
  const machines = [
    await story.client(),
    await story.client({ referenceAccessTokens: true }),
    await story.client({ accessTokenAlgorithm: 'RS256' }),
  ];
  await seeChanges(service);
  for (const machine of machines) {
    const token = ok(await story.form('/connect/token', { grant_type: 'client_credentials', scope: 'todos:read' }, machine)).body
      .access_token;
    ok(await story.form('/connect/introspect', { token }, api));
    const renewed = await story.rotateSecret(machine);
    await story.form('/connect/introspect', { token: `${token}x` }, renewed);
    await story.form('/connect/token', { grant_type: 'client_credentials' }, machine); // the secret that has ended
    ok(await story.form('/connect/revoke', { token }, renewed));
  }

  // An app signs the person in: codes redeemed, refused, replayed and left to expire; id tokens; userinfo.
  const ada = await service.get(Accounts).find({ email });
  if (!ada) throw new Error('the story lost its heroine');
  const flow = await story.codeFlow({ referenceAccessTokens: true, idTokenAlgorithm: 'ES256' });
  const approval = { session: await signedIn(service, ada), scopes: ['openid', 'profile', 'email', 'offline_access'] };
  const code = await story.code(flow, approval);
  await story.redeem(flow, { ...code, verifier: 'another verifier, of 43 characters or more' });
  const connected = ok(await story.redeem(flow, code)).body;
  ok(await story.send({ method: 'GET', path: '/connect/userinfo', headers: { authorization: `Bearer ${connected.access_token}` } }));
  ok(await story.refresh(connected.refresh_token, flow.client));
  await story.redeem(flow, code); // a replay
  const left = await story.code(flow, approval);

  // A television: its codes shown, mistyped, typed, followed, approved, denied, polled, redeemed twice and left to expire.
  const tv = await deviceClient().register(service);
  const browser = await story.browser(ada);
  const shown = await story.deviceCodes(tv);
  await story.poll(tv, shown.deviceCode);
  await browser.enter(newUserCode());
  await browser.enter(shown.userCode.toLowerCase().replace('-', ''));
  await browser.get(`/activate?user_code=${shown.userCode}`);
  await new PersonalBrowser(service).get(`/activate?user_code=${shown.userCode}`);
  await browser.answer(shown.userCode);
  ok(await story.poll(tv, shown.deviceCode));
  await story.poll(tv, shown.deviceCode);
  const denied = await story.deviceCodes(tv);
  await browser.answer(denied.userCode, 'deny');
  await story.poll(tv, denied.deviceCode);
  const watched = await story.deviceCodes(tv);

  // An app's requests, their tickets and codes, on the way and where they do not belong.
  const web = new App(flow.client, service.url);
  const way = await story.way(browser, web, false);
  await story.way(browser, await webApp(story), true);
  await browser.get(`/connect/authorize?code=${way}&state=${way}&client_id=${way}`);
  await browser.get(`/consent?ticket=${way}`);

  // Self-contained refresh tokens and reference access tokens of the sign-in API; keys change in between.
  const store = service.get(ClientStore);
  const app = await store.find('first-party');
  if (app) await store.update({ ...app, settings: { referenceAccessTokens: true, referenceRefreshTokens: false } }, service.clock.now());
  await seeChanges(service);
  const sealed = ok(await story.json('login', { email, password: newPassword })).body;
  await story.rememberKeys();
  const fresh = ok(await story.refresh(sealed.refreshToken)).body;
  ok(await story.json('me', undefined, fresh.access_token, 'GET'));

  // Everything where it does not belong.
  for (const secret of [
    newPassword,
    session.accessToken,
    second.refreshToken,
    sealed.accessToken,
    sealed.refreshToken,
    connected.id_token,
    left.code,
    watched.deviceCode,
    // Not its user code: nobody can tell those eight letters from the name of a request.
    machines[0]?.secret ?? '',
  ]) {
    await story.misplace(secret);
    await client.query('delete from failure');
  }

  // Faults inside: the database says no, and its errors carry statements and values.
  dumps += await dumpDatabase(client);
  await withoutTable('token_entry', async () => {
    await story.refresh(fresh.refresh_token);
    await story.redeem(flow, left);
    await story.json('me', undefined, fresh.access_token, 'GET');
    await story.form('/connect/introspect', { token: sealed.accessToken }, api);
    await story.form('/connect/token', { grant_type: 'client_credentials' }, machines[1]);
  });
  for (const table of ['device_request', 'user_code']) {
    await withoutTable(table, async () => {
      const asked = await story.form('/connect/device', { scope: 'todos:read' }, tv);
      if (asked.status < 500) throw new Error('the story had no fault');
      await story.poll(tv, watched.deviceCode);
      await browser.enter(watched.userCode);
      await browser.get(`/activate?user_code=${watched.userCode}`);
    });
  }
  for (const table of ['pushed_request', 'consent', 'sign_in_session']) {
    const app = await webApp(story);
    await withoutTable(table, async () => {
      const page = await browser.get(app.start().url);
      const pushed = await app.push().catch(() => undefined);
      if (pushed) await browser.get(pushed.url);
      if (table !== 'pushed_request' && page.status < 500) throw new Error('the story had no fault');
    });
  }
  await withoutTable('user_credential', async () => {
    await story.json('register', { email: 'bob@example.test', password: story.password() });
    await story.json('login', { email, password: newPassword });
  });
  await withoutTable('client_secret', async () => {
    service.clock.advance(6);
    await story.form('/connect/token', { grant_type: 'client_credentials' }, machines[2]);
  });
  await withoutTable('failure', () => story.json('login', { email, password: story.password() }));

  service.clock.advance(20 * 86_400);
  await story.rememberKeys();
  await story.refresh(fresh.refresh_token);
}

const webApp = async (story: Story): Promise<App> => new App((await story.codeFlow()).client, service.url);

async function withoutTable(table: string, work: () => Promise<unknown>): Promise<void> {
  await client.query(`alter table ${table} rename to hidden`);
  await work();
  await client.query(`alter table hidden rename to ${table}`);
}

const logged = (): string => [...output.lines, ...output.handed, ...output.written].join('\n');

describe('No usable secret', () => {
  it('was missed: the story had tokens, passwords, secrets and keys of every kind', () => {
    const kinds = [
      /^accessToken/,
      /^refreshToken/,
      /^access_token/,
      /^refresh_token/,
      /^id_token/,
      /^code/,
      /^device_code/,
      /^user_code/,
      /^cookie/,
      /^verifier/,
      /^nonce/,
      /\(identifier\)/,
      /\(part\)/,
      /^password/,
      /^client secret/,
      /^header/,
    ];
    for (const kind of [...kinds, /^private key ES256/, /^private key RS256/, /^master key/, /^derivation key/, /^sealing key/]) {
      expect(secrets.names.filter((name) => kind.test(name)).length).toBeGreaterThanOrEqual(1);
    }
    expect(secrets.names.length).toBeGreaterThan(60);
    // And the log was at work: requests, and errors of the database with their stacks.
    expect(output.lines.length).toBeGreaterThan(200);
    expect(output.handed.join('\n')).toMatch(/relation "token_entry" does not exist/);
    expect(output.lines.join('\n')).toMatch(/"level":"error"/);
  });

  it('is in the log, nor in what the logger was handed, nor on stdout, stderr or console', () => {
    expect(secrets.foundIn(logged())).toEqual([]);
  });

  it('is in the database', () => {
    expect(dumps).toMatch(/ada@example\.test/);
    expect(secrets.foundIn(dumps)).toEqual([]);
  });

  it('is in the log in the form of a hash of a password either', async () => {
    const { rows } = await client.query<{ password_hash: string }>('select password_hash from user_credential');
    expect(rows.length).toBeGreaterThan(0);
    for (const { password_hash: hash } of rows)
      expect(output.lines.some((line) => line.includes(hash.split('$').at(-1) ?? hash))).toBe(false);
    expect([...output.lines, ...output.written].join('\n')).not.toMatch(/\$argon2id\$/);
  });
});

describe('A secret that was let slip is found', () => {
  const reference = `cs_at_${Buffer.from([...Array(60).keys()].map((n) => n * 4)).toString('base64url')}`;
  const identifier = Buffer.from(reference.slice(6), 'base64url').subarray(-32);
  const own = new KnownSecrets();
  beforeAll(() => {
    own.remember('token', reference);
    own.remember('password', 'correct horse "battery" stäple');
  });

  /* eslint-disable no-console -- this is what is tried */
  const slips: [name: string, slip: () => void][] = [
    ['as text in an object handed to the logger', () => new Logger('Test').debug({ note: reference })],
    ['as bytes in an object handed to the logger', () => new Logger('Test').verbose({ note: identifier })],
    ['in an error', () => new Logger('Test').error(new Error(`no such token ${reference}`))],
    ['as hex on stdout', () => void process.stdout.write(`${identifier.toString('hex')}\n`)],
    [
      'as base64 amid others on stderr',
      () => void process.stderr.write(`${Buffer.concat([Buffer.from('x'), identifier, Buffer.from('yz')]).toString('base64')}\n`),
    ],
    ['by console', () => console.info({ password: 'correct horse "battery" stäple' })],
    ['in a query string', () => console.info(`/?p=${encodeURIComponent('correct horse "battery" stäple')}`)],
  ];
  /* eslint-enable no-console */
  it.each(slips)('%s', (_, slip) => {
    const before = output.lines.length + output.handed.length + output.written.length;
    expect(own.foundIn(logged())).toEqual([]);
    slip();
    expect(output.lines.length + output.handed.length + output.written.length).toBeGreaterThan(before);
    expect(own.foundIn(logged()).length).toBeGreaterThan(0);
    for (const kept of [output.lines, output.handed, output.written]) kept.splice(0);
  });

  const rows: [name: string, sql: string, value: string | Buffer][] = [
    ['as text', `insert into scope (name) values ($1)`, reference],
    ['in JSON', `update client set settings = jsonb_build_object('x', $1::text) where id = 'first-party'`, reference],
    ['in an array', `update users set roles = array[$1::text]`, 'correct horse "battery" stäple'],
    ['as raw bytes', `insert into failure (key, count, last_at, forget_at) values ($1::bytea, 1, now(), now())`, identifier],
    [
      'as the bytes of a text',
      `insert into failure (key, count, last_at, forget_at) values ($1::bytea, 1, now(), now())`,
      Buffer.from(reference),
    ],
    [
      'in a partition',
      `insert into token_entry (created_at, expires_at, authorization_id, number, bucket, type, payload)
       select now(), now(), gen_random_uuid(), 1, max(substring(relname from '[0-9]+$')::int), 4, $1::bytea
       from pg_class where relname ~ '^token_entry_[0-9]+$' and relkind = 'r'`,
      Buffer.concat([Buffer.from('ab'), identifier]),
    ],
  ];
  it.each(rows)('in the database: %s', async (_, sql, value) => {
    await client.query('begin');
    const { rowCount } = await client.query(sql, [value]);
    expect(rowCount).toBeGreaterThan(0);
    const dump = await dumpDatabase(client);
    await client.query('rollback');
    expect(own.foundIn(dump).length).toBeGreaterThan(0);
    expect(own.foundIn(await dumpDatabase(client))).toEqual([]);
  });
});
