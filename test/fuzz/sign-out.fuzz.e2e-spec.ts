import fc from 'fast-check';
import type { Browser } from '../support/browser.js';
import { formOf } from '../support/browser.js';
import { DatabaseRows } from '../support/database-rows.js';
import { startService, type TestService } from '../support/service-app.js';
import { openApp, SIGNED_OUT_URI, signInTo, signOutClient } from '../sign-out/support/app.js';
import { sessionOf, signedInBrowser, type SignedInBrowser } from '../sign-out/support/signed-in-browser.js';
import { fuzz, INSIDE, LONGEST } from './fuzz.js';
import { wellFormed } from './requests.js';
import { closeConnections, send, type FuzzAnswer } from './send.js';

const NATIVE_URI = 'com.example.app:/bye?x=1';

let service: TestService;
let rows: DatabaseRows;
let person: SignedInBrowser;
let requests: fc.Arbitrary<{ method: string; path: string; headers: [string, string][]; body: Buffer; chunked: boolean }>;

beforeAll(async () => {
  service = await startService();
  rows = await DatabaseRows.open(service.database.url);
  const app = await openApp(service, signOutClient().with({ postLogoutRedirectUris: [SIGNED_OUT_URI, NATIVE_URI] }));
  person = await signedInBrowser(service);
  const stranger = await signedInBrowser(service);
  // All of a stranger, but the cookies; of the person the cookies alone, as another site's page has them: it cannot read, but use them.
  const known = [
    (await signInTo(app, stranger)).idToken,
    (await signInTo(app, stranger, ['openid', 'offline_access'])).accessToken,
    ...['/sign-out', `/connect/logout?client_id=${app.client.id}&post_logout_redirect_uri=${SIGNED_OUT_URI}`].map(
      async (path) => formOf(await stranger.browser.get(path)).fields,
    ),
  ];
  const values = (await Promise.all(known)).flatMap((one) => (typeof one === 'string' ? [one] : Object.values(one)));
  requests = requestsOf(values, app.client.id, person.browser);
});
afterAll(async () => {
  closeConnections();
  await rows.close();
  await service.close();
});

describe('Whatever is sent to /connect/logout and /sign-out', () => {
  it(
    'is answered by a page or a redirect to where one may go, and signs nobody out',
    async () => {
      const before = await rows.all();
      await fuzz({
        name: 'signing out',
        input: requests,
        runs: { usual: 500, soak: 2_500 },
        outcome: async (request) => {
          const answer = await send(service.url, request);
          if (answer) expectTame(request.method, answer);
          return answer && (answer.headers.location === undefined ? String(answer.status) : placeOf(answer.headers.location));
        },
        expected: ['200', '400', SIGNED_OUT_URI, '/sign-out'],
      });
      expect(await rows.all()).toEqual(before);
      expect(await sessionOf(service, person.browser)).toBeDefined();
    },
    LONGEST,
  );
});

function expectTame(method: string, { status, headers, text }: FuzzAnswer): void {
  expect(status).toBeLessThan(500);
  expect(text).not.toMatch(INSIDE);
  expect(text).not.toContain('<script');
  if (headers.location !== undefined) {
    expect(status).toBe(303);
    expect([SIGNED_OUT_URI, NATIVE_URI, '/sign-out', '/account']).toContain(placeOf(headers.location));
    expect(headers.location).toMatch(/^[\x21-\x7e]+$/);
  } else if (method !== 'HEAD' && status !== 431 && status !== 414) {
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  }
  expect(`${headers['set-cookie'] ?? ''}`).not.toContain('countersign-session=;');
}

/** Where a redirect leads, without the state that came along, or the ticket. */
const placeOf = (location: string): string =>
  location.replace(/[?&]state=[^&#]*$/, '').replace(/^\/sign-out\?request=[^&#]*$/, '/sign-out');

const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.WeightedArbitrary<T> => ({ weight, arbitrary });

function requestsOf(known: readonly string[], clientId: string, browser: Browser): typeof requests {
  const altered = fc
    .tuple(fc.constantFrom(...known), fc.nat(), fc.constantFrom('A', '.', '', '%', '\u0000', 'é'))
    .map(([text, at, by]) => text.slice(0, at % text.length) + by + text.slice((at % text.length) + 1));
  const uri = fc.oneof(
    often(6, fc.constantFrom(SIGNED_OUT_URI, NATIVE_URI)),
    often(
      2,
      fc.constantFrom(`${SIGNED_OUT_URI}/`, `${SIGNED_OUT_URI}#`, 'https://evil.example', '//evil.example', 'javascript:alert(1)', '/'),
    ),
    often(1, fc.webUrl()),
    often(
      1,
      fc
        .tuple(fc.nat(SIGNED_OUT_URI.length), fc.string({ unit: 'grapheme' }))
        .map(([at, by]) => SIGNED_OUT_URI.slice(0, at) + by + SIGNED_OUT_URI.slice(at)),
    ),
  );
  const any = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('', '<script>alert(1)</script>', '__proto__', 'x'.repeat(5_000)),
    altered,
  );
  const token = fc.oneof(often(2, fc.constantFrom(...known)), often(2, altered), often(1, any));
  const parameters = fc.record(
    {
      client_id: fc.oneof(often(9, fc.constant(clientId)), often(1, any)),
      post_logout_redirect_uri: uri,
      state: any,
      id_token_hint: token,
      ui_locales: fc.oneof(fc.constantFrom('de', 'en', 'xx de-AT'), any),
      logout_hint: any,
      request: token,
      csrf: token,
      decision: fc.constantFrom('sign-out', 'stay', ''),
    },
    { requiredKeys: [] },
  );
  const usual = fc.record({
    client_id: fc.constant(clientId),
    post_logout_redirect_uri: fc.constantFrom(SIGNED_OUT_URI, NATIVE_URI),
    state: any,
  });
  const encoded = fc.oneof(often(4, parameters), often(2, usual)).map((given) =>
    Object.entries(given)
      .map(([name, value]) => `${name}=${encodeURIComponent(wellFormed(String(value)))}`)
      .join('&'),
  );
  const query = fc.oneof(
    often(9, encoded),
    often(
      1,
      fc
        .tuple(encoded, fc.constantFrom('&state=%', '&state=%ff', '&state=%00', '&client_id=x', '&request', '&&='))
        .map((parts) => parts.join('')),
    ),
    often(1, fc.webQueryParameters()),
  );
  const cookieHeader = [...browser.cookies].map(([name, value]) => `${name}=${value}`);
  const cookies = fc.constantFrom('', cookieHeader.join('; '), ...cookieHeader);
  const site = fc.constantFrom('', 'same-origin', 'cross-site', 'none');
  const type = fc.oneof(
    often(9, fc.constant('application/x-www-form-urlencoded')),
    often(1, fc.constantFrom('application/json', 'text/plain', '')),
  );
  return fc
    .record({
      method: fc.oneof(often(9, fc.constantFrom('GET', 'POST')), often(1, fc.constantFrom('HEAD', 'PUT', 'DELETE', 'OPTIONS'))),
      path: fc.oneof(
        often(4, fc.constantFrom('/connect/logout', '/sign-out')),
        often(1, fc.constantFrom('/connect/%6cogout', '/sign%2dout')),
      ),
      query,
      cookies,
      site,
      type,
      chunked: fc.boolean(),
    })
    .map(({ method, path, query: text, cookies: cookie, site: from, type: contentType, chunked }) => {
      const bodiless = method !== 'POST' && method !== 'PUT';
      const headers: [string, string][] = [
        ...(cookie === '' ? [] : [['cookie', cookie] as [string, string]]),
        ...(from === '' ? [] : [['sec-fetch-site', from] as [string, string]]),
        ...(bodiless || contentType === '' ? [] : [['content-type', contentType] as [string, string]]),
      ];
      return {
        method,
        path: bodiless ? `${path}?${text}` : path,
        headers,
        body: Buffer.from(bodiless ? '' : text),
        chunked: chunked && !bodiless,
      };
    });
}
