import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { clusterFolder } from '../support/cluster-folder.js';
import { onServer } from '../support/on-server.js';
import { createDatabase, type TestDatabase } from '../support/postgres.js';
import { ProtocolClient, signUp } from '../support/protocol-client.js';
import { CommandLine } from './support/command-line.js';
import { createEmptyDatabase } from './support/empty-database.js';
import { compiledService, newMasterKey, ServiceProcess } from './support/service-process.js';

describe('the command line', () => {
  let database: TestDatabase;
  let service: ServiceProcess;
  const masterKey = newMasterKey();
  const ISSUER = 'https://id.example.com';
  const variables = () => ({ DATABASE_URL: database.url, MASTER_KEY: masterKey, ISSUER });

  beforeAll(async () => {
    database = await createDatabase();
    service = await ServiceProcess.start(variables());
  }, 90_000);

  afterAll(async () => {
    await service?.kill();
    await database?.drop();
  });

  const commandLine = new CommandLine(variables);
  const cli = commandLine.run.bind(commandLine);
  const done = commandLine.done.bind(commandLine);

  it('makes a confidential client whose secret, shown once, works', async () => {
    await done('scope put notes:read --resource https://notes.example.com --description Read~notes');
    const { json } = await done('--json client create --id backend --type confidential --scope notes:read --access-token-lifetime 60');
    expect(json).toMatchObject({
      id: 'backend',
      type: 'confidential',
      method: 'client_secret_basic',
      settings: { accessTokenLifetime: 60 },
    });
    expect(json.secret).toMatch(/^cs_cs_[\w-]{43}$/);
    const answer = await new ProtocolClient(service.url, { id: 'backend', secret: json.secret }).token({
      grant_type: 'client_credentials',
      scope: 'notes:read',
    });
    expect(answer).toMatchObject({ status: 200, body: { expires_in: 60 } });
    const { out } = await done('client show backend');
    expect(out).not.toContain(json.secret);
    expect(out).toMatch(/^scopes +notes:read$/m);
  });

  it('makes a public client, without a secret', async () => {
    const { json } = await done(
      '--json client create --id app --type public --name My~app --origin https://app.example.com --redirect-uri com.example.app:/back --rotation off',
    );
    expect(json).toMatchObject({
      name: 'My app',
      method: 'none',
      grants: ['refresh_token'],
      origins: ['https://app.example.com'],
      settings: { rotation: false },
    });
    expect(json).not.toHaveProperty('secret');
  });

  it('changes what is said of a client and leaves the rest', async () => {
    await done('client create --id changing --type confidential --scope notes:read --leeway 10 --reference-access-tokens on');
    const { json } = await done(
      '--json client update changing --name New --unset scope --unset leeway --endpoint token --endpoint introspection --see-all-tokens on',
    );
    expect(json).toMatchObject({
      name: 'New',
      scopes: [],
      endpoints: ['token', 'introspection'],
      seeAllTokens: true,
      settings: { referenceAccessTokens: true },
    });
    expect(json.settings).not.toHaveProperty('leeway');
    expect(json.secrets).toHaveLength(1);
  });

  it('rotates a secret with an overlap, and without', async () => {
    const create = await done('--json client create --id rotating --type confidential');
    const works = async (secret: string): Promise<boolean> =>
      (await new ProtocolClient(service.url, { id: 'rotating', secret }).token({ grant_type: 'client_credentials' })).status === 200;
    const second = await done('--json client rotate-secret rotating --overlap 600');
    expect([await works(create.json.secret), await works(second.json.secret)]).toEqual([true, true]);
    expect(second.json).not.toHaveProperty('earlier');
    expect((await done('--json client rotate-secret rotating --overlap 600')).json).toMatchObject({ earlier: 'ended' });
    const third = await done('--json client rotate-secret rotating --overlap 0');
    await service.until(async () => !(await works(second.json.secret)), 8_000);
    expect([await works(create.json.secret), await works(third.json.secret)]).toEqual([false, true]);
  }, 40_000);

  it('disables a client with its tokens, and enables it again', async () => {
    const { json } = await done('--json client create --id stopped --type confidential --endpoint token --endpoint introspection');
    const client = new ProtocolClient(service.url, { id: 'stopped', secret: json.secret });
    const { body } = await client.token({ grant_type: 'client_credentials' });
    await done('client disable stopped');
    expect(await cli('client disable stopped')).toMatchObject({ status: 1, err: 'The client is disabled already.\n' });
    expect((await client.token({ grant_type: 'client_credentials' })).status).toBeGreaterThanOrEqual(400);
    await done('client enable stopped');
    await service.until(async () => (await client.token({ grant_type: 'client_credentials' })).status === 200, 8_000);
    expect((await client.introspect(body.access_token)).body).toEqual({ active: false });
    expect((await done('client list')).out).toMatch(/^stopped +confidential +enabled/m);
  }, 40_000);

  it('ends the tokens of a client, which gets others at once', async () => {
    const { json } = await done('--json client create --id leaking --type confidential --endpoint token --endpoint introspection');
    const client = new ProtocolClient(service.url, { id: 'leaking', secret: json.secret });
    const token = async (): Promise<string> => (await client.token({ grant_type: 'client_credentials' })).body.access_token;
    const leaked = await token();
    expect((await done('--json client end-tokens leaking')).json).toEqual({ message: 'Ended.', id: 'leaking', grants: 1 });
    const next = await token();
    expect((await client.introspect(leaked)).body).toEqual({ active: false });
    expect((await client.introspect(next)).body.active).toBe(true);
    expect((await done('client end-tokens leaking')).out).toBe('Ended.\n');
    expect((await done('--json client end-tokens leaking')).json).toMatchObject({ grants: 0 });
    await done('client disable leaking');
    expect(await cli('client end-tokens leaking')).toMatchObject({ status: 1, err: 'The client is disabled: its tokens have ended.\n' });
  });

  it('makes people: with a password from standard input, asked for, or generated', async () => {
    const login = (email: string, password: string) => new ProtocolClient(service.url).json('POST', '/auth/login', { email, password });
    await done('user create --email Piped@example.test --password-stdin --role admin', { stdin: 'correct horse battery\n' });
    expect((await login('piped@example.test', 'correct horse battery')).status).toBe(200);
    await done('user create --email asked@example.test --prompt', { answers: ['staple battery horse', 'staple battery horse'] });
    expect((await login('asked@example.test', 'staple battery horse')).status).toBe(200);
    const { json } = await done('--json user create --email generated@example.test');
    expect((await login('generated@example.test', json.password)).status).toBe(200);
    const { out } = await done('user list');
    expect(out).toMatch(/piped@example.test +enabled +admin/);
    expect(out).not.toMatch(/argon2|correct horse/);
  });

  it('lists names that would steer the terminal or turn the line around as harmless ones', async () => {
    const { json } = await done('--json user create --email hostile@example.test --name Eve');
    const hostile = 'E\u202ev\u200be\u001b[2J\u2028\ufeff\u{e0041}';
    await onServer(database.url, (client) => client.query('update users set display_name = $1 where id = $2', [hostile, json.id]));
    expect((await done('user list')).out).toMatch(/hostile@example\.test +enabled +Eve\?\[2J\? +2/);
    expect((await done('--json user list')).json).toContainEqual(expect.objectContaining({ name: hostile }));
  });

  it('disables a person with the sessions, and enables again', async () => {
    const { email, password, accessToken } = await signUp(service.url);
    const client = new ProtocolClient(service.url);
    await done(`user disable ${email}`);
    expect((await client.json('GET', '/auth/me', undefined, accessToken)).status).toBe(401);
    expect(await cli(`user disable ${email}`)).toMatchObject({ status: 1, err: 'The user is disabled already.\n' });
    await done(`user enable ${email}`);
    expect((await client.json('POST', '/auth/login', { email, password })).status).toBe(200);
    expect((await client.json('GET', '/auth/me', undefined, accessToken)).status).toBe(401);
  });

  it('lists and ends sessions', async () => {
    const { email, password, accessToken } = await signUp(service.url);
    const client = new ProtocolClient(service.url);
    await client.json('POST', '/auth/login', { email, password });
    const { json } = await done(`--json session list ${email}`);
    expect(json).toHaveLength(2);
    await done(`session end ${email} ${json[1].sid}`); // newest first
    expect((await client.json('GET', '/auth/me', undefined, accessToken)).status).toBe(401);
    expect((await done(`--json session end ${email} --all`)).json).toMatchObject({ ended: 1 });
    expect((await done(`session list ${email}`)).out).toBe('None.\n');
  });

  it('ends everything of a person, who may sign in again at once', async () => {
    const { email, password, userId, accessToken } = await signUp(service.url);
    const client = new ProtocolClient(service.url);
    const me = async (token: string) => (await client.json('GET', '/auth/me', undefined, token)).status;
    expect((await done(`--json user end ${email}`)).json).toEqual({ message: 'Ended.', id: userId, grants: 1, browsers: 0 });
    const { body } = await client.json('POST', '/auth/login', { email, password });
    expect([await me(accessToken), await me(body.accessToken)]).toEqual([401, 200]);
    expect((await done(`user end ${userId}`)).out).toBe('Ended.\n');
    expect(await me(body.accessToken)).toBe(401);
    expect((await done(`--json user end ${email}`)).json).toMatchObject({ grants: 0, browsers: 0 });
  });

  it('lists and ends grants', async () => {
    const { email, accessToken, refreshToken } = await signUp(service.url);
    const { json: shown } = await done('--json token show', { stdin: refreshToken });
    const { json } = await done(`--json authorization list ${email}`);
    expect(json).toEqual([
      {
        ...{ id: shown.authorization, client: 'first-party', sid: shown.session, scopes: shown.scopes },
        ...{ createdAt: shown.created, lastUsedAt: shown.created, expiresAt: shown.expires },
      },
    ]);
    expect((await done(`authorization list ${email}`)).out).toMatch(/^ID +CLIENT +SID +SCOPES +CREATEDAT +LASTUSEDAT +EXPIRESAT\n/);
    await done(`authorization end ${json[0].id}`);
    expect((await new ProtocolClient(service.url).json('GET', '/auth/me', undefined, accessToken)).status).toBe(401);
    expect(await cli(`authorization end ${json[0].id}`)).toMatchObject({
      status: 1,
      err: 'There is no such grant, or it has ended already.\n',
    });
    expect((await done(`authorization list ${email}`)).out).toBe('None.\n');
  });

  it.each(['user end piped@example.test', 'client end-tokens first-party', 'authorization end 01a201b4-a9e1-773f-897a-76f304818343'])(
    'refuses `%s` where tokens are not stored',
    async (args) => {
      const ran = await cli(args, { environment: { ...variables(), TOKEN_STORAGE: 'off' } });
      expect([ran.status, ran.out]).toEqual([1, '']);
      expect(ran.err).toMatch(/^Token storage is off/);
    },
  );

  describe('token', () => {
    it('shows and revokes an access token', async () => {
      const { accessToken, refreshToken } = await signUp(service.url);
      const { json, out } = await done('--json token show', { stdin: `${accessToken}\n` });
      expect(json).toMatchObject({ type: 'access_token', format: 'jwt', status: 'valid', client: 'first-party' });
      expect(out).not.toContain(accessToken);
      await done('token revoke -', { stdin: accessToken });
      expect((await done('--json token show', { stdin: accessToken })).json).toMatchObject({ status: 'revoked' });
      expect(await cli('token revoke -', { stdin: accessToken })).toMatchObject({ status: 1, err: 'The token has ended already.\n' });
      expect((await done('--json token show', { stdin: refreshToken })).json).toMatchObject({ status: 'valid' });
    });

    it('shows a refresh token and revokes its family', async () => {
      const { accessToken, refreshToken } = await signUp(service.url);
      const { out } = await done('token show', { stdin: refreshToken });
      expect(out).toMatch(/^type +refresh_token$/m);
      expect(out).not.toContain(refreshToken);
      await done('token revoke', { stdin: refreshToken });
      expect((await done('--json token show', { stdin: accessToken })).json).toMatchObject({ status: 'revoked' });
    });

    it('takes the token as it stands in an Authorization header', async () => {
      const { accessToken, refreshToken } = await signUp(service.url);
      for (const prefix of ['Bearer ', 'bearer ', 'BEARER   ', '  Bearer ']) {
        const { json } = await done('--json token show', { stdin: `${prefix}${accessToken}\n` });
        expect(json).toMatchObject({ type: 'access_token', status: 'valid' });
      }
      await done('token revoke -', { stdin: `Bearer ${refreshToken}\n` });
      expect((await done('--json token show', { stdin: `Bearer ${accessToken}` })).json).toMatchObject({ status: 'revoked' });
    });

    it('says of each format which it is', async () => {
      const other = await ServiceProcess.start({ ...variables(), REFERENCE_ACCESS_TOKENS: 'on', REFERENCE_REFRESH_TOKENS: 'off' });
      const { accessToken, refreshToken } = await signUp(other.url).finally(() => other.kill());
      const show = async (stdin: string): Promise<unknown> => (await done('--json token show', { stdin })).json;
      expect(await show(accessToken)).toMatchObject({ type: 'access_token', format: 'reference', status: 'valid' });
      expect(await show(refreshToken)).toMatchObject({ type: 'refresh_token', format: 'self-contained', status: 'valid' });
      expect(await show((await signUp(service.url)).refreshToken)).toMatchObject({ type: 'refresh_token', format: 'reference' });
      await done('token revoke -', { stdin: refreshToken });
      expect(await show(refreshToken)).toMatchObject({ format: 'self-contained', status: 'revoked' });
    }, 40_000);

    it.each([
      ['nothing', '', 'Standard input holds no token.'],
      ['a scheme alone', 'Bearer \n', 'Standard input holds no token.'],
      ['what is none', 'abc', 'This is no token of https://id.example.com, or its entry was pruned.'],
      ['a forged one', `cs_rt_${'A'.repeat(80)}`, 'This is no token of https://id.example.com, or its entry was pruned.'],
    ])('refuses %s', async (_name, stdin, err) => {
      expect(await cli('token show', { stdin })).toMatchObject({ status: 1, err: `${err}\n`, out: '' });
    });

    it('refuses a genuine key with another proof', async () => {
      const { refreshToken } = await signUp(service.url);
      const forged = refreshToken.slice(0, -4) + (refreshToken.endsWith('AAAA') ? 'BBBB' : 'AAAA');
      expect((await cli('token revoke', { stdin: forged })).status).toBe(1);
      expect((await done('--json token show', { stdin: refreshToken })).json).toMatchObject({ status: 'valid' });
    });
  });

  describe('key rotate', () => {
    type Key = Record<'purpose' | 'kid' | 'state' | 'activates', string>;
    const keys = async (): Promise<Key[]> => (await done('--json key list')).json as Key[];
    const active = async (): Promise<Record<string, string>> =>
      Object.fromEntries((await keys()).filter(({ state }) => state === 'active').map(({ purpose, kid }) => [purpose, kid]));

    it('publishes new keys and says when they take over', async () => {
      const before = await active();
      expect(Object.keys(before).sort()).toEqual(['derive', 'seal:refresh', 'sign:ES256', 'sign:RS256']);
      const { json } = await done('--json key rotate');
      expect(json.message).toMatch(/takes over at its time/);
      expect(json.rotated.map(({ purpose }: Key) => purpose).sort()).toEqual(Object.keys(before).sort());
      const known = new Map((await keys()).map((key) => [key.kid, key]));
      for (const { kid, purpose, activates } of json.rotated as Key[]) {
        expect(known.get(kid)).toMatchObject({ state: 'next', purpose, activates });
        expect(Date.parse(activates)).toBeGreaterThan(Date.now() + (purpose.startsWith('sign:') ? 330 : 30) * 1000 - 10_000);
      }
      expect(await active()).toEqual(before);
    });

    it('tells a person the same', async () => {
      const { out } = await done('key rotate --purpose sign:RS256');
      expect(out).toMatch(/^Published\. .*\nPURPOSE +KID +ACTIVATES\nsign:RS256 +[\w-]{43} +\d{4}-\d\d-\d\dT[\d:.]+Z\n$/);
    });

    it('--now lets them take over at once, says what that costs, and tokens signed before stay good', async () => {
      const { accessToken } = await signUp(service.url);
      const before = await active();
      const { json } = await done('--json key rotate --now --purpose sign:ES256');
      expect(json.message).toMatch(/^Active at once\. For up to 420 seconds, .* good tokens may be refused\.$/);
      const after = await active();
      expect(after).toEqual({ ...before, 'sign:ES256': json.rotated[0].kid });
      expect(after['sign:ES256']).not.toBe(before['sign:ES256']);
      expect((await new ProtocolClient(service.url).json('GET', '/auth/me', undefined, accessToken)).status).toBe(200);
      expect((await done('key list')).out).toMatch(/sign:ES256 +\S+ +retired/);
      expect((await done('--json key rotate --now --purpose derive')).json.message).toMatch(/up to 120 seconds/);
    });

    it('revoke ends what a key has signed, and replaces one that is in use', async () => {
      const { accessToken } = await signUp(service.url);
      const me = async (token: string) => (await new ProtocolClient(service.url).json('GET', '/auth/me', undefined, token)).status;
      const { kid } = JSON.parse(Buffer.from(accessToken.split('.')[0] ?? '', 'base64url').toString()) as { kid: string };
      expect(await me(accessToken)).toBe(200);
      const inUse = (await active())['sign:ES256'] ?? '';
      const { json } = await done(`--json key revoke ${inUse}`);
      expect(json).toMatchObject({ revoked: inUse, successor: (await active())['sign:ES256'] });
      expect(json.message).toMatch(/^Revoked, and replaced\. For about a second/);
      // The service signs with what it knows.
      if (kid !== inUse) expect((await done(`--json key revoke ${kid}`)).json).toEqual({ message: 'Revoked.', revoked: kid });
      expect(await me(accessToken)).toBe(401);
      for (const none of [kid, 'nothing', (await active())['derive'] ?? '']) expect((await cli(`key revoke ${none}`)).status).toBe(1);
      expect((await keys()).filter(({ state }) => state === 'revoked')).toHaveLength(new Set([kid, inUse]).size);
    });
  });

  it('manages scopes', async () => {
    await done('scope put passing --resource https://a.example.com --resource https://b.example.com');
    expect((await done('scope list')).out).toMatch(/^passing +https:\/\/a.example.com https:\/\/b.example.com/m);
    await done('scope put passing --description Passing');
    expect((await done('scope list')).out).toMatch(/^passing +https:\/\/a.example.com https:\/\/b.example.com +Passing/m);
    await done('scope put passing --resource https://c.example.com');
    expect((await done('scope list')).out).toMatch(/^passing +https:\/\/c.example.com +Passing/m);
    await done('scope remove passing');
    expect(await cli('scope remove passing')).toMatchObject({ status: 1, err: 'There is no such scope.\n' });
  });

  it('prunes', async () => {
    expect((await done('--json prune')).json).toEqual({
      partitionsDropped: 0,
      authorizationsDeleted: expect.any(Number),
      sessionsDeleted: expect.any(Number),
      failuresDeleted: expect.any(Number),
      requestsDeleted: expect.any(Number),
    });
  });

  const refused: [args: string, message: RegExp][] = [
    ['client show nobody', /There is no such client/],
    ['client update nobody --name x', /There is no such client/],
    ['client disable nobody', /There is no such client/],
    ['client end-tokens nobody', /There is no such client/],
    ['client rotate-secret nobody', /There is no such client/],
    ['client rotate-secret first-party', /public client has no secret/],
    ['client rotate-secret backend --overlap 99999999', /--overlap must be from 0/],
    ['client create --id first-party --type public', /id already/],
    ['client create --id with~blank --type public', /--id must be 1 to 128 printable/],
    [`client create --id ${'x'.repeat(129)} --type public`, /--id must be 1 to 128/],
    ['client create --id 01a201b4-a9e1-773f-897a-76f304818343 --type public', /must not be a UUID/],
    ['client create --id a --type public --method client_secret_basic', /public client cannot keep a secret/],
    ['client create --id a --type confidential --method none', /confidential client must authenticate/],
    ['client create --id a --type public --grant client_credentials', /client_credentials needs --type confidential/],
    ['client create --id a --type public --endpoint introspection --endpoint token', /Introspection needs --type confidential/],
    [
      'client create --id a --type confidential --grant password',
      /--grant "password" is unknown here\. Known: authorization_code, client_credentials, .*refresh_token/,
    ],
    ['client create --id a --type confidential --scope nothing:known', /--scope "nothing:known" does not exist/],
    ['client create --id a --type confidential --scope a"b', /is no scope/],
    ['client create --id a --type confidential --endpoint introspection', /needs --endpoint token/],
    ['client create --id a --type confidential --see-all-tokens on', /--see-all-tokens needs --endpoint introspection/],
    ['client create --id a --type confidential --resource not-a-uri', /--resource "not-a-uri" is no absolute URI/],
    ['client create --id a --type confidential --default-resource https://a.example.com/#x', /is no absolute URI/],
    ['client create --id a --type public --origin https://a.example.com/', /is no origin/],
    ['client create --id a --type public --redirect-uri http://a.example.com/back', /--redirect-uri/],
    ['client create --id a --type public --redirect-uri https://*.example.com/', /--redirect-uri/],
    ['client create --id a --type public --redirect-uri javascript:alert(1)', /--redirect-uri/],
    ['client create --id a --type public --access-token-lifetime 90000', /--access-token-lifetime must be from 1 to 86400/],
    ['client create --id a --type public --leeway 301', /--leeway must be from 0 to 300/],
    ['user create --email nobody', /not an e-mail address/],
    ['user create --email a\u200b@example.test', /not an e-mail address/],
    ['user create --email a@example.test --role ', /--role "" must be printable ASCII/],
    [
      'user create --email a@example.test --role ok --role ad~min --role ad~ad',
      /--role "ad min" must .* without blanks.*\n- --role "ad ad"/,
    ],
    ['user create --email a@example.test --role adm\u00efn', /--role "admïn" must/],
    ['user create --email a@example.test --role a\\b', /--role .* must/],
    ['user create --email a@example.test --name A\u202eda', /The name is too long, or holds characters that are not allowed/],
    ['user disable nobody@example.test', /There is no such user/],
    ['user enable 01a201b4-a9e1-773f-897a-76f304818343', /There is no such user/],
    ['user end nobody@example.test', /There is no such user/],
    ['user end nobody', /There is no such user/],
    ['authorization list nobody@example.test', /There is no such user/],
    ['authorization end 01a201b4-a9e1-773f-897a-76f304818343', /There is no such grant/],
    ['authorization end x', /There is no such grant/],
    ['session end piped@example.test x', /no such session/],
    ['session list nobody@example.test', /There is no such user/],
    ['session end piped@example.test 01a201b4-a9e1-773f-897a-76f304818343', /no such session/],
  ];
  it.each(refused)('refuses `%s` with status 1', async (args, message) => {
    const rows = () => onServer(database.url, async (client) => (await client.query('select count(*) from client')).rows[0]);
    const before: unknown = await rows();
    const ran = await cli(args);
    expect([ran.status, ran.out]).toEqual([1, '']);
    expect(ran.err).toMatch(message);
    expect(await rows()).toEqual(before);
  });

  it('names all faults of a client at once', async () => {
    const { err } = await cli('client create --id a~b --type public --method client_secret_post --grant password --origin x --leeway 400');
    expect(err.match(/^- /gm)).toHaveLength(5);
  });

  it.each([
    ['user create --email a@example.test --password-stdin', { stdin: 'password' }, /among those that attackers try first/],
    ['user create --email a@example.test --password-stdin', { stdin: 'short' }, /too short/],
    ['user create --email a@example.test --prompt', { answers: ['one password', 'another one'] }, /differ/],
    ['user create --email piped@example.test --password-stdin', { stdin: 'a perfectly good one' }, /account with this e-mail already/],
  ])('refuses `%s` with %j', async (args, more, message) => {
    const ran = await cli(args, more);
    expect(ran).toMatchObject({ status: 1, out: '' });
    expect(ran.err).toMatch(message);
  });

  it.each([
    'client create --id a',
    'client create --type public',
    'client create --id a --type secret',
    'client create --id a --type public --leeway soon',
    'client create --id a --type public --rotation maybe',
    'client create --id a --type public --endpoint everything',
    'client update first-party --unset everything',
    'client show',
    'client nonsense',
    'nonsense',
    'user create',
    'user create --email a@example.test --password-stdin --prompt',
    'user create --email a@example.test --password secret',
    'token show cs_rt_abc',
    'session end piped@example.test',
    'scope put a"b',
    'scope put a~a',
    'scope put a --resource nothing',
    'key rotate --purpose everything',
  ])('does not understand `%s`: status 2', async (args) => {
    const { status, out, err } = await cli(args);
    expect([status, out]).toEqual([2, '']);
    expect(err).not.toBe('');
  });

  it('helps, with status 0', async () => {
    expect(await cli('--help')).toMatchObject({ status: 0, out: expect.stringContaining('client') });
    expect(await cli('client create --help')).toMatchObject({ status: 0, out: expect.stringContaining('--redirect-uri') });
  });

  describe('check-config', () => {
    it('says what holds', async () => {
      expect((await done('--json check-config')).json).toEqual({
        configuration: 'ok',
        issuer: ISSUER,
        database: 'DATABASE_URL',
      });
      expect((await done('--json check-config --database')).json).toMatchObject({ connection: 'ok' });
    });

    it('says every fault', async () => {
      const { status, err } = await cli('check-config', { environment: { PORT: 'x', LEEWAY: '999', DATABASE_URL: 'postgres://x/y' } });
      expect(status).toBe(1);
      expect(err.match(/^- /gm)).toHaveLength(3);
    });

    it('says that the master key is another one', async () => {
      const environment = { ...variables(), MASTER_KEY: newMasterKey() };
      const { status, err } = await cli('check-config --database', { environment });
      expect(status).toBe(1);
      expect(err).toMatch(/sealed with another master key/);
    });
  });

  it('migrates on command only', async () => {
    const { url, drop } = await createEmptyDatabase();
    const environment = { DATABASE_URL: url, MASTER_KEY: newMasterKey() };
    try {
      expect(await cli('client list', { environment })).toMatchObject({ status: 1, err: expect.stringContaining('countersign migrate') });
      expect((await done('migrate', { environment })).out).toMatch(/^Migrated: Storage/);
      expect((await done('migrate', { environment })).out).toBe('The tables are up to date.\n');
      await done('client list', { environment });
    } finally {
      await drop();
    }
  });
});

describe('the command line on the embedded database', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await clusterFolder('cli');
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  /** A process of its own, as an operator runs it. */
  async function cli(...args: string[]): Promise<{ status: unknown; out: string; err: string }> {
    const { cli: script } = await compiledService();
    const child = spawn(process.execPath, [script, ...args], {
      env: { PATH: process.env['PATH'], DATA_DIRECTORY: directory },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const [status] = (await once(child, 'close')) as unknown[];
    return { status, out, err };
  }

  it('starts it for the time of the command, and reaches that of a service that runs', async () => {
    const alone = await cli('--json', 'user', 'create', '--email', 'early@example.test');
    expect([alone.err, alone.status]).toEqual(['', 0]);
    expect(await readdir(directory)).not.toContain('service.pid');

    const service = await ServiceProcess.start({ DATA_DIRECTORY: directory });
    try {
      const { password } = JSON.parse(alone.out) as { password: string };
      const login = await new ProtocolClient(service.url).json('POST', '/auth/login', { email: 'early@example.test', password });
      expect(login.status).toBe(200);
      const beside = await cli('user', 'list');
      expect([beside.err, beside.status]).toEqual(['', 0]);
      expect(beside.out).toMatch(/demo@example\.test/);
      expect((await service.get('/health/ready')).status).toBe(200);
    } finally {
      expect(await service.stop()).toBe(0);
    }
    expect((await cli('nonsense')).status).toBe(2);
    expect((await cli('client', 'show', 'nobody')).status).toBe(1);
  }, 120_000);
});
