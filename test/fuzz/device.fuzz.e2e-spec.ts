import fc from 'fast-check';
import { OAUTH_ERROR_STATUS } from '../../src/protocol/oauth-error.js';
import { Device, DEVICE_CODE, deviceClient, messageOf, type PersonalBrowser, signedIn } from '../device/support/device-flow.js';
import { formOf } from '../support/browser.js';
import { person } from '../support/code-flow.js';
import { DatabaseRows } from '../support/database-rows.js';
import { startService, type TestService } from '../support/service-app.js';
import { fuzz, INSIDE, LONGEST } from './fuzz.js';
import { MARKER, wellFormed } from './requests.js';
import { closeConnections, send, type FuzzAnswer, type FuzzRequest } from './send.js';

/*
 * Seen to fail: with a confirmation that does not look at its form's token (the waiting device is answered), with a session that need not be there (500),
 * and with the address of the sign-in made of what was sent.
 */
const PAGES = ['/activate', '/activate/confirm', '/activate/done'];
const PATHS = ['/connect/device', '/connect/token', ...PAGES];
const TARGETS: readonly [method: string, path: string][] = [['GET', '/activate'], ...PATHS.map((path): [string, string] => ['POST', path])];

let service: TestService;
let rows: DatabaseRows;
let tv: Device;
let browser: PersonalBrowser;
/** A device that waits. Its user code is sent, and by a person who is signed in; but nobody was given the form to answer it. */
let waiting: { deviceCode: string; userCode: string };
let genuine: { deviceCodes: string[]; userCodes: string[]; cookies: string[]; tokens: string[] };

beforeAll(async () => {
  service = await startService({ issuance: { tokenRequestsPerMinute: 0, deviceRequestsPerMinute: 0 } });
  rows = await DatabaseRows.open(service.database.url);
  tv = new Device(service, await deviceClient().register(service));
  browser = await signedIn(service, await person(service));
  const entry = await browser.get('/activate');
  const codes = await Promise.all(Array.from({ length: 12 }, () => tv.start()));
  for (const { userCode } of codes.slice(0, 3)) await browser.answer(userCode);
  await browser.answer(codes[3]?.userCode ?? '', 'deny');
  const confirms = await Promise.all(codes.slice(4, 8).map(({ userCode }) => browser.enter(userCode)));
  waiting = await tv.start('todos:read offline_access');
  const stranger = await signedIn(service);
  await stranger.get('/activate');
  const header = ({ cookies }: PersonalBrowser) => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  genuine = {
    deviceCodes: codes.map(({ deviceCode }) => deviceCode),
    userCodes: [...codes, waiting].map(({ userCode }) => userCode),
    cookies: [header(browser), header(stranger), ''],
    tokens: [entry, ...confirms].map((page) => formOf(page).fields['csrf'] ?? ''),
  };
});
afterAll(async () => {
  closeConnections();
  await rows.close();
  await service.close();
});

const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.WeightedArbitrary<T> => ({ weight, arbitrary });

/** One character of a genuine value is another one. */
const altered = (values: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...values), fc.nat(90), fc.string({ minLength: 1, maxLength: 2, unit: 'grapheme' }))
    .map(([value, at, other]) => value.slice(0, at % (value.length + 1)) + other + value.slice((at % (value.length + 1)) + 1))
    .filter((value) => value !== waiting.deviceCode);

const wild = (): fc.Arbitrary<string> =>
  fc.oneof(
    often(3, fc.string({ unit: 'grapheme' })),
    often(1, fc.string({ unit: 'binary' })),
    often(2, fc.constantFrom('', ' ', '\0', '%00', '\ud800', "' or 1=1--", '<script>', '__proto__', 'BCDFGHJK'.repeat(100))),
  );

function parameter(): fc.Arbitrary<[string, string]> {
  const codes = { device_code: [...genuine.deviceCodes, waiting.deviceCode], user_code: genuine.userCodes, csrf: genuine.tokens };
  const known = fc.constantFrom<(keyof typeof codes)[]>('device_code', 'user_code', 'csrf').chain((name) => {
    const exact = codes[name].filter((code) => code !== waiting.deviceCode);
    const lower = fc.constantFrom(...exact).map((code) => code.toLowerCase().replace('-', ' '));
    const value = fc.oneof(often(4, fc.constantFrom(...exact)), often(1, lower), often(3, altered(codes[name])), often(1, wild()));
    return fc.tuple(fc.constant(name as string), value);
  });
  const plain = fc.oneof(
    fc.tuple(fc.constant('decision'), fc.constantFrom('allow', 'deny', 'maybe', '')),
    fc.tuple(fc.constant('client_id'), fc.constantFrom(tv.client.id, 'nobody', 'first-party')),
    fc.tuple(fc.constant('grant_type'), fc.constantFrom(DEVICE_CODE, 'device_code', 'refresh_token')),
    fc.tuple(fc.constant('scope'), fc.constantFrom('todos:read', 'todos:read openid', 'a  b', '"', 'unknown')),
    fc.tuple(fc.constant('resource'), fc.constantFrom('https://api.example', 'x', 'https://x/#f')),
  );
  const anything = fc.tuple(fc.oneof(fc.constantFrom('user_code', 'continue', 'x', '__proto__'), wild()), wild());
  return fc.oneof(often(5, known), often(5, plain), often(1, anything));
}

const encode = (text: string): string => encodeURIComponent(wellFormed(text));

/** As a person would answer a device, with any code and any form's token but the right two together for the device that waits. */
const answer = (): fc.Arbitrary<FuzzRequest> =>
  fc
    .tuple(
      fc.constantFrom(...genuine.cookies),
      fc.constantFrom(waiting.userCode, ...genuine.userCodes),
      fc.oneof(fc.constantFrom(...genuine.tokens), altered(genuine.tokens)),
      fc.constantFrom('allow', 'deny'),
    )
    .map(([cookie, userCode, csrf, decision]) => ({
      ...{ method: 'POST', path: '/activate/confirm', chunked: false },
      headers: [
        ['content-type', 'application/x-www-form-urlencoded'],
        ['cookie', cookie],
      ] as const,
      body: Buffer.from(`user_code=${userCode}&csrf=${encode(csrf)}&decision=${decision}`),
    }));

function request(): fc.Arbitrary<FuzzRequest> {
  const pairs = (least: number) => fc.array(parameter(), { minLength: least, maxLength: 6 });
  const likely = fc.constantFrom(...[`client_id=${tv.client.id}`, `client_id=${tv.client.id}&grant_type=${encode(DEVICE_CODE)}`], '');
  const text = (least: number, unique: boolean) =>
    fc.tuple(likely, pairs(least)).map(([first, list]) => {
      const named = first === '' ? list : list.filter(([name]) => !['client_id', 'grant_type'].includes(name));
      const all = unique ? [...new Map(named)] : named;
      return [...(first === '' ? [] : [first]), ...all.map(([name, value]) => `${encode(name)}=${encode(value)}`)].join('&');
    });
  const body = fc.oneof(
    often(8, text(1, true)),
    often(2, text(2, false)),
    often(
      2,
      text(1, true).chain((form) =>
        fc.constantFrom('&%', '&a=%ff', '&a=%00', '&=', '\ufeff', `&x=${'y'.repeat(70_000)}`).map((bad) => form + bad),
      ),
    ),
  );
  const anything = fc
    .record({
      target: fc.oneof(
        often(9, fc.constantFrom(...TARGETS)),
        often(1, fc.tuple(fc.constantFrom('GET', 'HEAD', 'PUT', 'OPTIONS'), fc.constantFrom(...PATHS))),
      ),
      query: fc.oneof(often(2, fc.constant('')), often(1, text(1, false)), often(1, wild().map(encode))),
      cookie: fc.oneof(
        often(4, fc.constantFrom(...genuine.cookies)),
        often(
          1,
          altered(genuine.cookies.filter(Boolean)).filter((value) => /^[!-~ ]*$/.test(value)),
        ),
      ),
      site: fc.constantFrom('same-origin', 'same-origin', 'cross-site', MARKER),
      type: fc.oneof(
        often(9, fc.constant('application/x-www-form-urlencoded')),
        often(1, fc.constantFrom('application/json', 'text/plain', '')),
      ),
      body,
      chunked: fc.boolean(),
    })
    .map(({ target: [method, path], query, cookie, site, type, body: form, chunked }) => ({
      method,
      path: query === '' ? path : `${path}?${query}`,
      headers: [
        ...(cookie === '' ? [] : [['cookie', cookie] as const]),
        ...(type === '' ? [] : [['content-type', type] as const]),
        ...[['sec-fetch-site', site] as const, ['referer', MARKER] as const],
      ],
      body: method === 'GET' || method === 'HEAD' ? Buffer.alloc(0) : Buffer.from(form),
      chunked: chunked && method !== 'GET' && method !== 'HEAD',
    }));
  return fc.oneof(often(5, anything), often(1, answer()));
}

function expectTame({ method, path }: FuzzRequest, { status, headers, text }: FuzzAnswer): void {
  expect(status).toBeLessThan(500);
  expect([text, JSON.stringify(headers)].join()).not.toContain(MARKER);
  expect(text).not.toMatch(INSIDE);
  if (method === 'HEAD' || status === 204 || status === 431) return; // 431: refused by the HTTP parser
  const isPage = PAGES.includes(path.split('?')[0] ?? '');
  if (isPage) {
    expect(text).not.toMatch(/<script/);
    // Nobody is sent anywhere but to our own sign-in, or to our next page.
    const next = 'activate(\\?user_code=[A-Z]{4}-[A-Z]{4}|/done\\?answer=(activated|denied))';
    const ours = new RegExp(`^/(sign-in\\?continue=%2Factivate(%3Fuser_code%3D[A-Z]{4}-[A-Z]{4})?|${next})$`);
    if (status === 303) expect(headers.location).toMatch(ours);
    else expect([headers['content-type'], headers['x-frame-options']]).toEqual(['text/html; charset=utf-8', 'DENY']);
    return;
  }
  expect(headers['content-type']).toMatch(/^application\/json/);
  if (status >= 400) expect(Object.keys(OAUTH_ERROR_STATUS)).toContain((JSON.parse(text) as { error?: string }).error);
}

it(
  'Whatever a device or a browser sends is answered, never with a 5xx, and never leads elsewhere',
  async () => {
    let sent = 0;
    await fuzz({
      name: 'devices',
      input: request(),
      runs: { usual: 600, soak: 1_500 },
      outcome: async (one) => {
        if (sent++ % 8 === 0) await rows.forgetFailures(); // or the limit of guesses is all that is tried
        const answer = await send(service.url, one);
        if (!answer) return undefined;
        expectTame(one, answer);
        return `${answer.status}${PAGES.includes(one.path.split('?')[0] ?? '') ? ' page' : ''}`;
      },
      expected: ['200', '200 page', '400 page', '303 page'],
    });
  },
  LONGEST,
);

it('and lets nobody in but who was allowed to: the device that waits still waits, and its person can answer', async () => {
  expect(['authorization_pending', 'slow_down']).toContain((await tv.poll(waiting.deviceCode)).body.error);
  await rows.forgetFailures();
  expect(messageOf(await browser.answer(waiting.userCode))).toBe('activated');
  expect((await tv.poll(waiting.deviceCode)).status).toBe(200);
});
