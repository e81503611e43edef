import { formatHandle, HandlePrefix, newHandle } from '../../src/protocol/handle-string.js';
import { uuidv7 } from '../../src/protocol/uuid.js';
import { basic, expectOAuthError, FORM, startBadInput, type BadInput } from '../bad-input/support/bad-input.js';
import { confidentialClient, publicClient, type TestClient } from '../support/clients.js';
import { formOf, type Page } from '../support/browser.js';
import { Device, DEVICE_CODE, deviceClient, messageOf, PersonalBrowser, problemOf, signedIn } from './support/device-flow.js';

let bad: BadInput;
let tv: TestClient;
let box: TestClient;
let device: Device;
let codes: { deviceCode: string; userCode: string };
beforeAll(async () => {
  bad = await startBadInput();
  tv = await deviceClient().register(bad.service);
  box = await deviceClient('confidential').register(bad.service);
  device = new Device(bad.service, tv);
  codes = await device.start('todos:read offline_access');
  // Approved: whatever is refused below could have had tokens.
  await (await signedIn(bad.service)).answer(codes.userCode);
});
afterAll(() => bad.close());

type Fields = Readonly<Record<string, string>>;
const post = (path: string, fields: Fields | string, headers: Fields = FORM) =>
  bad.refused({ path, headers, body: typeof fields === 'string' ? fields : new URLSearchParams(fields).toString() });

describe('The device authorization endpoint (RFC 8628 §3.1)', () => {
  const PATH = '/connect/device';

  const forms: [name: string, form: (ids: { tv: string; box: string }) => Fields | string, status: number, error: string][] = [
    ['no client', () => ({ scope: 'todos:read' }), 401, 'invalid_client'],
    ['an unknown client', () => ({ client_id: 'nobody' }), 401, 'invalid_client'],
    ['a public client with a secret', (ids) => ({ client_id: ids.tv, client_secret: 'x' }), 401, 'invalid_client'],
    ['a confidential client without its secret', (ids) => ({ client_id: ids.box }), 401, 'invalid_client'],
    ['an unknown scope', (ids) => ({ client_id: ids.tv, scope: 'unknown' }), 400, 'invalid_scope'],
    ['a scope that is not permitted', (ids) => ({ client_id: ids.tv, scope: 'todos:read profile' }), 400, 'invalid_scope'],
    ['a malformed scope', (ids) => ({ client_id: ids.tv, scope: 'todos:read  openid' }), 400, 'invalid_scope'],
    ['an unknown resource', (ids) => ({ client_id: ids.tv, resource: 'https://elsewhere.example' }), 400, 'invalid_target'],
    ['a malformed resource', (ids) => ({ client_id: ids.tv, resource: 'todos' }), 400, 'invalid_target'],
    ['a parameter twice', (ids) => `client_id=${ids.tv}&scope=openid&scope=todos:read`, 400, 'invalid_request'],
    ['a client twice', (ids) => `client_id=${ids.tv}&client_id=${ids.box}`, 400, 'invalid_request'],
    ['a NUL', (ids) => `client_id=${ids.tv}&scope=%00`, 400, 'invalid_request'],
    ['no UTF-8', (ids) => `client_id=${ids.tv}&scope=%ff`, 400, 'invalid_request'],
    ['a body too large', (ids) => `client_id=${ids.tv}&x=${'y'.repeat(70_000)}`, 413, 'invalid_request'],
    ['nothing', () => '', 401, 'invalid_client'],
  ];
  it.each(forms)('refuses %s', async (_, form, status, error) => {
    expectOAuthError(await post(PATH, form({ tv: tv.id, box: box.id })), status, error);
  });

  it('refuses a client without the permission for the endpoint, or for the grant type', async () => {
    const noEndpoint = await publicClient()
      .withPermissions({ grantTypes: [DEVICE_CODE] })
      .register(bad.service);
    const noGrant = await publicClient()
      .withPermissions({ endpoints: ['token', 'device'] })
      .register(bad.service);
    for (const { id } of [noEndpoint, noGrant]) expectOAuthError(await post(PATH, { client_id: id }), 400, 'unauthorized_client');
  });

  it('refuses a wrong secret, by either method, with the challenge of the one that was tried', async () => {
    const wrong = { ...FORM, authorization: basic({ ...box, secret: 'wrong' }) };
    const answer = await post(PATH, { scope: 'todos:read' }, wrong);
    expectOAuthError(answer, 401, 'invalid_client');
    expect(answer.headers['www-authenticate']).toMatch(/^Basic realm=/);
    expectOAuthError(await post(PATH, { client_id: box.id, client_secret: box.secret ?? '' }), 401, 'invalid_client'); // registered for Basic
  });

  it('takes forms by POST alone', async () => {
    const json = { 'content-type': 'application/json' };
    expectOAuthError(await post(PATH, JSON.stringify({ client_id: tv.id }), json), 400, 'invalid_request');
    expectOAuthError(await post(PATH, `client_id=${tv.id}`, {}), 400, 'invalid_request');
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await bad.refused({ method, path: `${PATH}?client_id=${tv.id}` });
      expectOAuthError(answer, 405, 'invalid_request');
      expect(answer.headers.allow).toBe('POST');
    }
  });

  it('is not for pages of other origins: devices have none', async () => {
    const preflight = { origin: 'https://app.example', 'access-control-request-method': 'POST' };
    const answer = await bad.refused({ method: 'OPTIONS', path: PATH, headers: preflight });
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('The device code grant (RFC 8628 §3.4)', () => {
  const poll = (form: Fields | string, headers?: Fields) =>
    post('/connect/token', typeof form === 'string' ? form : { grant_type: DEVICE_CODE, ...form }, headers);

  it('refuses to go without a code', async () => {
    expectOAuthError(await poll({ client_id: tv.id }), 400, 'invalid_request');
    expectOAuthError(await poll({ client_id: tv.id, device_code: '' }), 400, 'invalid_request');
  });

  const malformed: [name: string, code: (genuine: string) => string][] = [
    ['no code of ours', () => 'x'],
    ['a user code', () => 'BCDF-GHJK'],
    ['another prefix', (code) => code.replace('cs_dc_', 'cs_pr_')],
    ['no prefix', (code) => code.slice(6)],
    ['a prefix in capitals', (code) => code.replace('cs_dc_', 'CS_DC_')],
    ['a character too few', (code) => code.slice(0, -1)],
    ['a character too many', (code) => `${code}A`],
    ['a blank at the end', (code) => `${code} `],
    ['a line break at the end', (code) => `${code}\n`],
    ['another alphabet', (code) => `${code.slice(0, -1)}+`],
    ['padding', (code) => `${code.slice(0, -1)}=`],
    ['a changed proof', (code) => `${code.slice(0, -1)}${code.endsWith('A') ? 'B' : 'A'}`],
    ['a changed id', (code) => `${code.slice(0, 10)}${code[10] === 'A' ? 'B' : 'A'}${code.slice(11)}`],
    ['two of them', (code) => code + code],
    ['a very long one', (code) => code.repeat(500)],
    ['an id that is none of ours', () => formatHandle(HandlePrefix.deviceCode, newHandle(uuidv7(new Date())))],
  ];
  it.each(malformed)('refuses %s', async (_, code) => {
    expectOAuthError(await poll({ client_id: tv.id, device_code: code(codes.deviceCode) }), 400, 'invalid_grant');
  });

  it('refuses a code that another client sends, or none that is known, or that is not who it says', async () => {
    const other = await deviceClient().register(bad.service);
    const device_code = codes.deviceCode;
    expectOAuthError(await poll({ client_id: other.id, device_code }), 400, 'invalid_grant');
    expectOAuthError(await poll({ device_code }, { ...FORM, authorization: basic(box) }), 400, 'invalid_grant');
    expectOAuthError(await poll({ client_id: 'nobody', device_code }), 401, 'invalid_client');
    expectOAuthError(await poll({ client_id: tv.id, client_secret: 'x', device_code }), 401, 'invalid_client');
    expectOAuthError(await poll({ device_code }), 401, 'invalid_client');
  });

  it('refuses a client without the permission', async () => {
    const without = await publicClient().register(bad.service);
    expectOAuthError(await poll({ client_id: without.id, device_code: codes.deviceCode }), 400, 'unauthorized_client');
    const machine = { ...FORM, authorization: basic(await confidentialClient().register(bad.service)) };
    expectOAuthError(await poll({ device_code: codes.deviceCode }, machine), 400, 'unauthorized_client');
  });

  it('refuses other spellings of its name, and the code as another grant’s', async () => {
    for (const grant_type of ['device_code', DEVICE_CODE.toUpperCase(), `${DEVICE_CODE} `]) {
      expectOAuthError(await poll({ grant_type, client_id: tv.id, device_code: codes.deviceCode }), 400, 'unsupported_grant_type');
    }
    expectOAuthError(await poll({ grant_type: 'refresh_token', client_id: tv.id, refresh_token: codes.deviceCode }), 400, 'invalid_grant');
  });

  it('refuses a code twice', async () => {
    const body = `grant_type=${DEVICE_CODE}&client_id=${tv.id}&device_code=${codes.deviceCode}&device_code=${codes.deviceCode}`;
    expectOAuthError(await poll(body), 400, 'invalid_request');
  });

  it('the code is no token: nothing else takes it, and revoking it does nothing', async () => {
    const authorization = basic(box);
    const { body } = await bad.refused({
      path: '/connect/introspect',
      headers: { ...FORM, authorization },
      body: `token=${codes.deviceCode}`,
    });
    expect(body).toEqual({ active: false });
    const revoked = await bad.refused({ path: '/connect/revoke', headers: FORM, body: `client_id=${tv.id}&token=${codes.deviceCode}` });
    expect(revoked.status).toBe(200);
  });

  it('after all of that the code is still good, once', async () => {
    expect((await device.poll(codes.deviceCode)).status).toBe(200);
    expect((await device.poll(codes.deviceCode)).body.error).toBe('invalid_grant');
  });
});

describe('The pages for devices', () => {
  let browser: PersonalBrowser;
  let waiting: { deviceCode: string; userCode: string };
  let entry: Page;
  let confirm: Page;
  beforeEach(async () => {
    browser = await signedIn(bad.service);
    waiting = await device.start();
    entry = await browser.get('/activate');
    confirm = await browser.enter(waiting.userCode);
  });
  const expectMessage = (page: Page, status: number, message: string): void => {
    expect([page.status, messageOf(page)]).toEqual([status, message]);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'/);
  };
  const unchanged = (work: () => Promise<unknown>) => bad.unchanged(work);

  it('refuse what is no form', async () => {
    await unchanged(async () => {
      for (const path of ['/activate', '/activate/confirm']) {
        const json = { 'content-type': 'application/json' };
        expectMessage(await browser.post(path, { user_code: waiting.userCode }, json), 415, 'error');
        const raw = (body: string) => bad.send({ path, headers: FORM, body });
        expect((await raw('user_code=%ff')).status).toBe(400);
        expect((await raw('user_code=a&user_code=b')).status).toBe(400);
        expect((await raw(`user_code=${'x'.repeat(70_000)}`)).status).toBe(413);
      }
    });
  });

  it.each(['PUT', 'DELETE', 'PATCH'])('know no %s', async (method) => {
    for (const path of ['/activate', '/activate/confirm']) {
      const answer = await bad.refused({ method, path });
      expect([answer.status, answer.headers['content-type']]).toEqual([405, 'text/html; charset=utf-8']);
    }
  });

  const entries: [name: string, fields: Fields][] = [
    ['no code', {}],
    ['an empty code', { user_code: '' }],
    ['a code with a vowel', { user_code: 'BCDF-GHJA' }],
    ['a code too long', { user_code: 'BCDF-GHJKL' }],
    ['a very long text', { user_code: 'B'.repeat(60_000) }],
    ['SQL', { user_code: "' or 1=1--" }],
    ['a template', { user_code: '<%= 7*7 %>' }],
    ['the code of nobody', { user_code: 'BCDF-GHJK' }],
  ];
  it.each(entries)('refuse %s', async (_, fields) => {
    await unchanged(async () => {
      const page = await browser.submit(entry, fields);
      expect([page.status, problemOf(page)]).toEqual([400, 'wrong-code']);
    });
  });

  it.each([
    ['no decision', {}],
    ['an unknown decision', { decision: 'maybe' }],
    ['no code', { decision: 'allow', user_code: '' }],
    ['a code that is none', { decision: 'allow', user_code: 'x' }],
    ['another code', { decision: 'allow', user_code: 'BCDF-GHJK' }],
    ['no token', { decision: 'allow', csrf: '' }],
    ['a token that is none', { decision: 'allow', csrf: '%%%' }],
  ] as const)('take no answer with %s', async (_, fields) => {
    await unchanged(async () => expectMessage(await browser.submit(confirm, fields), 400, 'expired'));
  });

  it('take no answer for a browser without its mark, or with a session made up', async () => {
    await unchanged(async () => {
      browser.cookies.delete('countersign-browser');
      expectMessage(await browser.submit(confirm, { decision: 'allow' }), 400, 'expired');
      const stranger = new PersonalBrowser(bad.service);
      stranger.cookies.set('countersign-session', formatHandle(HandlePrefix.session, newHandle(uuidv7(new Date()))));
      const page = await stranger.post(formOf(confirm).action, { ...formOf(confirm).fields, decision: 'allow' });
      expect(new URL(page.url).pathname).toBe('/sign-in');
    });
  });
});
