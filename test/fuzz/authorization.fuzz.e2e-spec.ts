import { codeChallenge } from '../../src/protocol/pkce.js';
import { App, newBrowser, newPerson, signedInBrowser } from '../authorization/support/app.js';
import { basic } from '../bad-input/support/bad-input.js';
import { signedByService } from '../sign-out/support/signed-tokens.js';
import { formOf, type Browser } from '../support/browser.js';
import { codeClient, REDIRECT_URI } from '../support/code-flow.js';
import { DatabaseRows } from '../support/database-rows.js';
import { startService, type TestService } from '../support/service-app.js';
import { AUTHORIZE, PUSH, WAY, wayRequest, type GenuineWays } from './authorization-requests.js';
import { fuzz, INSIDE, LONGEST } from './fuzz.js';
import { MARKER } from './requests.js';
import { closeConnections, send, type FuzzAnswer, type FuzzRequest } from './send.js';

// Seen to fail: redirect URIs that are compared by their beginning.
const REDIRECT_URIS = [
  REDIRECT_URI,
  `${REDIRECT_URI}?tenant=1`,
  'http://127.0.0.1/callback',
  'http://[::1]/callback',
  'com.example.app:/callback',
];

let service: TestService;
let rows: DatabaseRows;
let genuine: GenuineWays;

beforeAll(async () => {
  service = await startService({ issuance: { authorizationRequestsPerMinute: 0 } });
  rows = await DatabaseRows.open(service.database.url);
  const builder = (type: 'public' | 'confidential') => codeClient(type).with({ redirectUris: REDIRECT_URIS });
  const apps = [
    await App.of(service, builder('public')),
    await App.of(service, builder('confidential').withSettings({ consent: 'implicit', requirePkce: false })),
  ] as const;
  const person = await newPerson(service);
  const browser = await signedInBrowser(service, person);
  service.clock.advance(1);
  const stranger = newBrowser(service);
  await stranger.get(apps[0].start().url);
  const cookie = ({ cookies }: Browser) => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const prompts = ['consent', 'consent select_account', 'select_account'];
  const pages = await Promise.all(apps.flatMap((app) => prompts.map(async (prompt) => browser.get(app.start({ prompt }).url))));
  const pushed = await Promise.all(
    Array.from({ length: 12 }, (_, n) => apps[n % 2 === 0 ? 0 : 1].push(n % 3 === 0 ? { prompt: 'none' } : {})),
  );
  const ids = apps.map(({ client }) => client.id);
  genuine = {
    clients: ids,
    redirectUris: REDIRECT_URIS,
    challenge: codeChallenge('x'.repeat(43)),
    requestUris: pushed.map(({ requestUri }) => requestUri),
    hints: await Promise.all(ids.map((aud) => signedByService(service, { claims: { sub: person.id, aud } }))),
    cookies: [cookie(browser), cookie(browser), cookie(stranger), ''],
    forms: pages.map((page) => formOf(page).fields as { ticket: string; csrf: string }),
    basics: [basic(apps[1].client), 'Basic x', `Basic ${Buffer.from(`${ids[1] ?? ''}:wrong`).toString('base64')}`],
  };
});
afterAll(async () => {
  closeConnections();
  await rows.close();
  await service.close();
});

const OWN = [AUTHORIZE, ...WAY, '/sign-in', '/account'];

/** Ours, or a redirect URI that is registered. */
function leadsWhereItMay(location: string): boolean {
  if (location.startsWith('/')) return OWN.includes(location.split('?')[0] ?? '');
  const portless = location.replace(/^(http:\/\/(?:127\.0\.0\.1|\[::1\])):[1-9]\d{0,4}(?=\/)/, '$1');
  return REDIRECT_URIS.some((uri) => [`${uri}?`, `${uri}&`, uri].includes(portless.slice(0, uri.length + 1)));
}

function expectTame({ method, path }: FuzzRequest, { status, headers, text }: FuzzAnswer): void {
  expect(status).toBeLessThan(500);
  expect([text, JSON.stringify(headers)].join()).not.toContain(MARKER);
  if (status === 431) return; // refused by the HTTP parser
  expect(text).not.toMatch(INSIDE);
  const { location } = headers;
  if (location !== undefined) {
    expect([status, location, leadsWhereItMay(location)]).toEqual([303, location, true]);
    return;
  }
  if (method === 'HEAD' || status === 204) return;
  if (path.split('?')[0] === PUSH) {
    expect(headers['content-type']).toMatch(/^application\/json/);
    return;
  }
  expect([headers['content-type'], headers['x-frame-options'], headers['cache-control']]).toEqual([
    'text/html; charset=utf-8',
    'DENY',
    'no-store',
  ]);
  expect(text).not.toContain('<script>x');
  for (const [, action = ''] of text.matchAll(/<form[^>]*\baction="([^"]*)"/g))
    expect([action, leadsWhereItMay(action.replaceAll('&amp;', '&'))]).toEqual([action, true]);
}

function outcomeOf({ status, headers: { location } }: FuzzAnswer): string {
  if (location === undefined) return String(status);
  if (location.startsWith('/')) return `${status} ${location.split('?')[0] ?? ''}`;
  return `${status} ${/[?&]code=/.test(location) ? 'code' : 'error'}`;
}

it(
  'Whatever an app or a browser sends on the way to a code is answered, never with a 5xx, and never leads to an address that is not registered',
  async () => {
    let sent = 0;
    await fuzz({
      name: 'authorization',
      input: wayRequest(genuine),
      runs: { usual: 500, soak: 2_500 },
      outcome: async (one) => {
        if (sent++ % 20 === 0) await rows.forgetFailures(); // of clients that did not prove themselves
        const answer = await send(service.url, one);
        if (answer) expectTame(one, answer);
        return answer && outcomeOf(answer);
      },
      expected: ['200', '201', '303 code', '303 error', '303 /sign-in', '303 /consent'],
    });
  },
  LONGEST,
);
