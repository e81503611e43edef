import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK } from 'jose';
import { SystemClock } from '../../src/protocol/clock.js';
import { AssertingClient, clientKey, jwksOf, type ClientKey } from '../support/assertions.js';
import { onServer } from '../support/on-server.js';
import { createDatabase, type TestDatabase } from '../support/postgres.js';
import { ProtocolClient, signUp } from '../support/protocol-client.js';
import { ExternalIssuer, JWKS } from '../validation/support/external-issuer.js';
import { CommandLine } from './support/command-line.js';
import { newMasterKey, ServiceProcess } from './support/service-process.js';

const ISSUER = 'https://id.example.com';

let database: TestDatabase;
let service: ServiceProcess;
let folder: string;
let key: ClientKey;
const masterKey = newMasterKey();
const variables = () => ({ DATABASE_URL: database.url, MASTER_KEY: masterKey, ISSUER });
const commandLine = new CommandLine(variables);
const cli = commandLine.run.bind(commandLine);
const done = commandLine.done.bind(commandLine);

beforeAll(async () => {
  database = await createDatabase();
  service = await ServiceProcess.start(variables());
  folder = await mkdtemp(join(tmpdir(), 'countersign-cli-'));
  key = await clientKey('ES256', 'first');
  await file('keys.json', jwksOf(key));
}, 90_000);

afterAll(async () => {
  await service?.kill();
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

/** Path of a file with the content; what is no text is written as JSON. */
async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** Whether the service knows the client by the key. */
async function authenticates(id: string, by: ClientKey): Promise<boolean> {
  const client = new AssertingClient(id, by, { clock: new SystemClock(), issuer: ISSUER });
  const answer = await new ProtocolClient(service.url).token({ grant_type: 'client_credentials', ...(await client.form()) });
  return answer.status === 200;
}

describe('a client with keys of its own', () => {
  it('is made without a secret, works, and is shown with its keys', async () => {
    const { json } = await done(
      `--json client create --id signing --type confidential --method private_key_jwt --jwks ${folder}/keys.json`,
    );
    expect(json).toMatchObject({ method: 'private_key_jwt', keys: [{ kid: 'first', kty: 'EC', crv: 'P-256', alg: 'ES256' }], secrets: [] });
    expect(json).not.toHaveProperty('secret');
    expect(await authenticates('signing', key)).toBe(true);
    expect((await done('client show signing')).out).toMatch(/^keys +kid=first kty=EC crv=P-256 alg=ES256$/m);
  });

  it('gets other keys, then an address of keys, then keys again; one takes the place of the other', async () => {
    await done(`client create --id changing --type confidential --method private_key_jwt --jwks ${folder}/keys.json`);
    const second = await clientKey('RS256', 'second');
    await done(`client update changing --jwks ${await file('second.json', jwksOf(second))}`);
    expect([await authenticates('changing', second), await authenticates('changing', key)]).toEqual([true, false]);

    const site = await ExternalIssuer.start();
    site.answers.set(JWKS, () => ({ body: jwksOf(key) }));
    const { json } = await done(`--json client update changing --jwks-uri ${site.url}${JWKS}`);
    expect([json.jwksUri, json.keys]).toEqual([site.url + JWKS, undefined]);
    expect([await authenticates('changing', key), await authenticates('changing', second)]).toEqual([true, false]);

    const back = await done(`--json client update changing --jwks ${folder}/keys.json`);
    expect([back.json.jwksUri, back.json.keys]).toEqual([undefined, [expect.objectContaining({ kid: 'first' })]]);
  });

  it('has no secret to rotate', async () => {
    const { status, err } = await cli('client rotate-secret signing');
    expect([status, err]).toEqual([1, expect.stringMatching(/keys of its own and no secret: .*client update --jwks/)]);
    expect((await done('--json client show signing')).json.secrets).toEqual([]);
  });

  it('may become one with a secret', async () => {
    await done(`client create --id converted --type confidential --method private_key_jwt --jwks ${folder}/keys.json`);
    expect(await cli('client update converted --method client_secret_basic')).toMatchObject({ status: 1 });
    await done('client update converted --method client_secret_basic --unset jwks');
    const { json } = await done('--json client rotate-secret converted');
    const client = new ProtocolClient(service.url, { id: 'converted', secret: json.secret });
    expect((await client.token({ grant_type: 'client_credentials' })).status).toBe(200);
  });

  it('is refused with private keys, and none of them is printed', async () => {
    const jwk = { ...(await exportJWK(key.privateKey)), kid: 'private' };
    const path = await file('private.json', { keys: [jwk] });
    const ran = await cli(`client create --id leaking --type confidential --method private_key_jwt --jwks ${path}`);
    expect([ran.status, ran.out]).toEqual([1, '']);
    expect(ran.err).toMatch(/key 1 holds a private part/);
    for (const part of [jwk.d, jwk.x, jwk.y]) expect(ran.err).not.toContain(part);
    expect(await cli('client show leaking')).toMatchObject({ status: 1 });
  });

  const files: [name: string, content: string | object, told: RegExp][] = [
    ['no JSON', '{"keys":[{"kty":"EC","d":"secret-part"', /holds no JSON object/],
    ['a list', [], /holds no JSON object/],
    ['a text', '"keys"', /holds no JSON object/],
    ['more than 64 KiB', ' '.repeat(65_537), /larger than 64 KiB/],
  ];
  it.each(files)('does not understand a file with %s', async (_, content, told) => {
    const path = await file('faulty.json', content);
    const ran = await cli(`client create --id x --type confidential --method private_key_jwt --jwks ${path}`);
    expect([ran.status, ran.out]).toEqual([2, '']);
    expect(ran.err).toMatch(told);
    expect(ran.err).not.toContain('secret-part');
  });

  it('does not understand a file that is not there, or a folder', async () => {
    const create = 'client create --id x --type confidential --method private_key_jwt --jwks';
    for (const path of [`${folder}/nowhere.json`, folder]) {
      expect(await cli(`${create} ${path}`)).toMatchObject({ status: 2, err: expect.stringMatching(/cannot be read \(E(NOENT|ISDIR)\)/) });
    }
  });
});

describe('a client that signs people in', () => {
  const everything = [
    '--endpoint token --endpoint authorization --endpoint pushed_authorization --endpoint device --endpoint end_session',
    '--endpoint introspection --endpoint revocation --redirect-uri https://app.example.com/back --scope openid',
    '--post-logout-redirect-uri https://app.example.com/ --backchannel-logout-uri https://app.example.com/logout',
    '--grant authorization_code --grant refresh_token --grant urn:ietf:params:oauth:grant-type:device_code',
    '--consent implicit --require-pkce off --require-pushed-requests on --id-token-algorithm ES256 --introspection-algorithm RS256',
  ].join(' ');

  it('is made, shown and changed with all that can be said of it', async () => {
    const { json } = await done(`--json client create --id app --type confidential ${everything}`);
    expect(json).toMatchObject({
      endpoints: ['token', 'authorization', 'pushed_authorization', 'device', 'end_session', 'introspection', 'revocation'],
      grants: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      redirectUris: ['https://app.example.com/back'],
      postLogoutRedirectUris: ['https://app.example.com/'],
      backchannelLogoutUri: 'https://app.example.com/logout',
      settings: {
        consent: 'implicit',
        requirePkce: false,
        requirePushedRequests: true,
        idTokenAlgorithm: 'ES256',
        introspectionAlgorithm: 'RS256',
      },
    });
    const { out } = await done('client show app');
    expect(out).toMatch(/^backchannelLogoutUri +https:\/\/app\.example\.com\/logout$/m);
    expect(out).toMatch(/^settings +.*requirePkce=false/m);
    const changed = await done(
      '--json client update app --consent explicit --require-pkce on --unset require-pushed-requests --unset backchannel-logout-uri --unset id-token-algorithm',
    );
    expect(changed.json.settings).toEqual({ consent: 'explicit', requirePkce: true, introspectionAlgorithm: 'RS256' });
    expect(changed.json.backchannelLogoutUri).toBeUndefined();
  });

  const refused: [args: string, told: RegExp][] = [
    ['--type public --endpoint token --endpoint authorization', /at least one --redirect-uri/],
    ['--type public --grant authorization_code', /authorization_code needs --endpoint authorization/],
    ['--type public --grant urn:ietf:params:oauth:grant-type:device_code', /device_code needs --endpoint device/],
    ['--type public --require-pkce off', /--require-pkce off needs --type confidential/],
    ['--type confidential --endpoint token --endpoint pushed_authorization', /needs --endpoint authorization/],
    ['--type confidential --require-pushed-requests on', /needs --endpoint pushed_authorization/],
    ['--type confidential --backchannel-logout-uri http://app.example.com/', /--backchannel-logout-uri "http:/],
    ['--type confidential --post-logout-redirect-uri https://app.example.com/', /needs --endpoint end_session/],
    ['--type confidential --method private_key_jwt', /exactly one of --jwks and --jwks-uri/],
    ['--type confidential --method private_key_jwt --jwks-uri http://app.example.com/jwks', /--jwks-uri "http:/],
    ['--type confidential --jwks-uri https://app.example.com/jwks', /are for --method private_key_jwt/],
    ['--type public --method private_key_jwt --jwks-uri https://app.example.com/jwks', /public client cannot keep a secret/],
  ];
  it.each(refused)('is refused with `%s`', async (args, told) => {
    const rows = () => onServer(database.url, async (client) => (await client.query('select count(*) from client')).rows[0] as unknown);
    const before = await rows();
    const ran = await cli(`client create --id faulty ${args}`);
    expect([ran.status, ran.out]).toEqual([1, '']);
    expect(ran.err).toMatch(told);
    expect(await rows()).toEqual(before);
  });

  it('is told all its faults at once', async () => {
    const { err } = await cli(
      'client create --id faulty --type public --endpoint authorization --require-pkce off --require-pushed-requests on --backchannel-logout-uri x --jwks-uri y',
    );
    // Beside those: its grant type needs the token endpoint.
    expect(err.match(/^- /gm)).toHaveLength(6);
  });

  it.each([
    '--method secret',
    '--consent maybe',
    '--require-pkce maybe',
    '--id-token-algorithm HS256',
    '--introspection-algorithm none',
    '--endpoint userinfo',
  ])('is not understood with `%s`: status 2', async (args) => {
    const { status, out } = await cli(`client create --id faulty --type confidential ${args}`);
    expect([status, out]).toEqual([2, '']);
  });
});

describe('people', () => {
  it('are made with claims from a file', async () => {
    const path = await file('claims.json', { given_name: 'Zoë', locale: 'de', address: { country: 'DE' } });
    const { json } = await done(`--json user create --email zoe@example.test --claims ${path}`);
    expect([...json.claims].sort()).toEqual(['address', 'given_name', 'locale']);
    const claims = await onServer(database.url, async (client) => {
      const { rows } = await client.query<{ claims: unknown }>(`select claims from users where email = 'zoe@example.test'`);
      return rows[0]?.claims;
    });
    expect(claims).toEqual({ given_name: 'Zoë', locale: 'de', address: { country: 'DE' } });
  });

  it('are not made with claims that are not theirs to have, all named at once', async () => {
    const path = await file('claims.json', { sub: 'admin', iss: 'x', email: 'x@y.example', address: 'x' });
    const ran = await cli(`user create --email eve@example.test --claims ${path}`);
    expect([ran.status, ran.err.match(/^- /gm)?.length]).toEqual([1, 4]);
    expect(await cli('session list eve@example.test')).toMatchObject({ status: 1, err: 'There is no such user.\n' });
    const large = await file('large.json', { note: 'x'.repeat(16_384) });
    expect(await cli(`user create --email eve@example.test --claims ${large}`)).toMatchObject({ status: 2 });
  });

  const login = async (email: string, password: string): Promise<number> =>
    (await new ProtocolClient(service.url).json('POST', '/auth/login', { email, password })).status;
  const signedIn = async (accessToken: string): Promise<boolean> =>
    (await new ProtocolClient(service.url).json('GET', '/auth/me', undefined, accessToken)).status === 200;

  it('get another password: from standard input, asked for, or generated', async () => {
    const { email, password, userId } = await signUp(service.url);
    const [piped, asked] = ['correct horse piped', 'correct horse asked'];
    await done(`user set-password ${email} --password-stdin`, { stdin: `${piped}\n` });
    expect([await login(email, password), await login(email, piped)]).toEqual([401, 200]);
    await done(`user set-password ${email} --prompt`, { answers: [asked, asked] });
    expect([await login(email, piped), await login(email, asked)]).toEqual([401, 200]);
    const { json } = await done(`--json user set-password ${userId}`);
    expect([await login(email, asked), await login(email, json.password)]).toEqual([401, 200]);
  });

  it('lose their sessions with it, unless ON_PASSWORD_CHANGE is none', async () => {
    const { email, accessToken } = await signUp(service.url);
    const spared = { environment: { ...variables(), ON_PASSWORD_CHANGE: 'none' }, stdin: 'correct horse spared' };
    await done(`user set-password ${email} --password-stdin`, spared);
    expect(await signedIn(accessToken)).toBe(true);
    await done(`user set-password ${email} --password-stdin`, { stdin: 'correct horse ended' });
    expect(await signedIn(accessToken)).toBe(false);
  });

  it('keep their password when the new one is refused', async () => {
    const { email, password, accessToken } = await signUp(service.url);
    const refused: [args: string, more: object, told: RegExp][] = [
      ['--password-stdin', { stdin: 'short' }, /too short/],
      ['--password-stdin', { stdin: email }, /is the e-mail address/],
      ['--prompt', { answers: ['correct horse one', 'correct horse two'] }, /differ/],
    ];
    for (const [args, more, told] of refused) {
      const ran = await cli(`user set-password ${email} ${args}`, more);
      expect([ran.status, ran.err]).toEqual([1, expect.stringMatching(told)]);
    }
    expect(await cli('user set-password nobody@example.test')).toMatchObject({ status: 1, err: 'There is no such user.\n' });
    expect(await cli(`user set-password ${email} --prompt --password-stdin`)).toMatchObject({ status: 2 });
    expect(await cli(`user set-password ${email} --password secret`)).toMatchObject({ status: 2 });
    expect([await login(email, password), await signedIn(accessToken)]).toEqual([200, true]);
  });

  it('do not get one while they are disabled', async () => {
    const { email } = await signUp(service.url);
    await done(`user disable ${email}`);
    const ran = await cli(`user set-password ${email}`);
    expect([ran.status, ran.out, ran.err]).toEqual([1, '', 'The user is disabled: enable them first.\n']);
  });
});
