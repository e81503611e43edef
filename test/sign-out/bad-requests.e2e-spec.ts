import { randomUUID } from 'node:crypto';
import { ClientStore } from '../../src/storage/client.store.js';
import { Browser } from '../support/browser.js';
import type { CodeFlow } from '../support/code-flow.js';
import { DatabaseRows } from '../support/database-rows.js';
import { startService, type TestService } from '../support/service-app.js';
import { openApp, SIGNED_OUT_URI, signInTo, signOutClient, type SignedInApp } from './support/app.js';
import { sessionOf, signedInBrowser, type SignedInBrowser } from './support/signed-in-browser.js';
import { signedByService } from './support/signed-tokens.js';

const END_SESSION = '/connect/logout';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

let service: TestService;
let rows: DatabaseRows;
let app: CodeFlow;
let other: CodeFlow;
let withoutPermission: CodeFlow;
let disabled: CodeFlow;
let person: SignedInBrowser;
let tokens: SignedInApp;
let disabledTokens: SignedInApp;

beforeAll(async () => {
  service = await startService();
  rows = await DatabaseRows.open(service.database.url);
  app = await openApp(service);
  other = await openApp(service, signOutClient().with({ postLogoutRedirectUris: ['https://other.example/bye'] }));
  withoutPermission = await openApp(service, signOutClient().withPermissions({ endpoints: ['token', 'authorization'] }));
  disabled = await openApp(service);
  person = await signedInBrowser(service);
  tokens = await signInTo(app, person, ['openid', 'offline_access']);
  disabledTokens = await signInTo(disabled, person);
  await service.get(ClientStore).setEnabled(disabled.client.id, false, service.clock.now());
});
afterAll(async () => {
  await rows.close();
  await service.close();
});

type Query = string | Record<string, string>;
const encoded = (query: Query): string => (typeof query === 'string' ? query : new URLSearchParams(query).toString());

/** By GET, by a form of the app's own site, and by one that brings the cookies all the same. */
const WAYS: readonly [string, (query: Query) => Promise<Response>][] = [
  ['GET', (query) => person.browser.request(`${END_SESSION}?${encoded(query)}`)],
  ['POST', (query) => person.browser.request(END_SESSION, { method: 'POST', body: encoded(query), headers: FORM })],
];

/** Nothing of what the browser asked for came about, and it was sent nowhere. */
async function expectRefused(work: () => Promise<Response>, status = 400): Promise<string> {
  const before = await rows.all();
  const response = await work();
  expect(response.status).toBe(status);
  expect(response.headers.get('location')).toBeNull();
  expect(response.headers.getSetCookie().filter((cookie) => cookie.includes('session'))).toEqual([]);
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(response.headers.get('content-security-policy')).toContain("form-action 'self';");
  expect(await rows.all()).toEqual(before);
  expect(await sessionOf(service, person.browser)).toBeDefined();
  return response.text();
}

describe.each(WAYS)('A bad request to sign out, by %s, is told to the person and does nothing', (_, send) => {
  const hint = (changes: Record<string, string> = {}) => ({
    id_token_hint: tokens.idToken,
    post_logout_redirect_uri: SIGNED_OUT_URI,
    ...changes,
  });
  const forClient = (changes: Record<string, string> = {}) => ({
    client_id: app.client.id,
    post_logout_redirect_uri: SIGNED_OUT_URI,
    ...changes,
  });
  const claims = () => ({ sub: person.session.subject, sid: person.session.sid, aud: app.client.id });

  const requests: Record<string, () => Query | Promise<Query>> = {
    // RP-Initiated Logout 1.0 §4
    'an address without a client': () => ({ post_logout_redirect_uri: SIGNED_OUT_URI }),
    'an unknown client': () => forClient({ client_id: 'nobody' }),
    'a disabled client': () => forClient({ client_id: disabled.client.id }),
    'the hint of a disabled client': () => hint({ id_token_hint: disabledTokens.idToken }),
    'a client that may not': () => forClient({ client_id: withoutPermission.client.id }),
    'the hint of a client that may not': async () => hint({ id_token_hint: (await signInTo(withoutPermission, person)).idToken }),
    'the hint of a client that may not, and nowhere to go': async () => ({
      id_token_hint: (await signInTo(withoutPermission, person)).idToken,
    }),
    'a client_id that is not that of the hint': () =>
      hint({ client_id: other.client.id, post_logout_redirect_uri: 'https://other.example/bye' }),
    'the address of another client': () => hint({ post_logout_redirect_uri: 'https://other.example/bye' }),
    'the redirect URI of the authorization endpoint': () => hint({ post_logout_redirect_uri: 'https://app.example/callback' }),
    'a hint that is no token': () => hint({ id_token_hint: 'x' }),
    'an altered hint': () => hint({ id_token_hint: tokens.idToken.replace(/\.(.)/, (__, first) => (first === 'e' ? '.f' : '.e')) }),
    'a hint with alg none': () =>
      hint({ id_token_hint: `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${tokens.idToken.split('.')[1]}.` }),
    'an access token as a hint': () => hint({ id_token_hint: tokens.accessToken }),
    'a refresh token as a hint': () => hint({ id_token_hint: tokens.refreshToken ?? '' }),
    'a logout token as a hint': async () =>
      hint({ id_token_hint: await signedByService(service, { header: { typ: 'logout+jwt' }, claims: { ...claims(), events: {} } }) }),
    'a hint of another issuer': async () =>
      hint({ id_token_hint: await signedByService(service, { claims: { ...claims(), iss: 'https://elsewhere.example' } }) }),
    'a hint for nobody': async () => hint({ id_token_hint: await signedByService(service, { claims: { ...claims(), aud: [] } }) }),
    'a hint for an unknown client': async () =>
      hint({ id_token_hint: await signedByService(service, { claims: { ...claims(), aud: randomUUID() } }) }),
    'a state of more than 4 KiB': () => hint({ state: 'x'.repeat(4096) }),
    'a state that grows in JSON': () => hint({ state: '\u0001'.repeat(1000) }),
    // RFC 6749 §3.1
    'a repeated client_id': () => `${encoded(forClient())}&client_id=${app.client.id}`,
    'a repeated address': () => `${encoded(forClient())}&post_logout_redirect_uri=https%3A%2F%2Fevil.example`,
    'two hints': () => `${encoded(hint())}&id_token_hint=${tokens.idToken}`,
    'broken percent-encoding': () => `${encoded(forClient())}&state=%zz`,
    'what is not UTF-8': () => `${encoded(forClient())}&state=%ff`,
    'a NUL character': () => `${encoded(forClient())}&state=%00`,
  };

  it.each(Object.entries(requests))('%s', async (__, request) => {
    const query = await request();
    expect(await expectRefused(() => send(query))).toContain('data-message="error"');
  });

  // RFC 9700 §4.11: an end session endpoint that sends people anywhere is an open redirector.
  it.each([
    'https://evil.example',
    'https://app.example.evil.example/signed-out',
    'https://app.example@evil.example/signed-out',
    'https://evil.example/https://app.example/signed-out',
    'https://evil.example#https://app.example/signed-out',
    '//evil.example',
    '/\\evil.example',
    '/account',
    'javascript:alert(1)//https://app.example/signed-out',
    'data:text/html,<script>alert(1)</script>',
    `${SIGNED_OUT_URI}/`,
    `${SIGNED_OUT_URI}/../admin`,
    `${SIGNED_OUT_URI}?next=https://evil.example`,
    `${SIGNED_OUT_URI}#x`,
    `${SIGNED_OUT_URI} `,
    ` ${SIGNED_OUT_URI}`,
    `${SIGNED_OUT_URI}\t`,
    `${SIGNED_OUT_URI}\r\nlocation: https://evil.example`,
    'https://APP.example/signed-out',
    'https://app.example:443/signed-out',
    'https://app.example./signed-out',
    'https://app.example/%73igned-out',
    'https://app.example//signed-out',
    'http://app.example/signed-out',
    'https://аpp.example/signed-out', // a Cyrillic а
    'https:app.example/signed-out',
    '*',
    'null',
  ])('an address that is none of the client’s: %j', async (post_logout_redirect_uri) => {
    for (const query of [hint({ post_logout_redirect_uri }), forClient({ post_logout_redirect_uri })])
      expect(await expectRefused(() => send(query))).toContain('data-message="error"');
  });

  it('sends nobody on to what state says', async () => {
    for (const state of ['https://evil.example', '@evil.example', '#@evil.example', '/../..//evil.example']) {
      const response = await new Browser(service.url, service.issuer).request(`${END_SESSION}?${encoded(forClient({ state }))}`);
      const { origin, pathname } = new URL(response.headers.get('location') ?? '');
      expect([origin, pathname]).toEqual(['https://app.example', '/signed-out']);
    }
  });
});

describe('The free port of a native app (RFC 8252 §7.3)', () => {
  it('is for redirect URIs, not for where people go after signing out', async () => {
    const native = await openApp(service, signOutClient('public').with({ postLogoutRedirectUris: ['http://127.0.0.1/bye'] }));
    const query = encoded({ client_id: native.client.id, post_logout_redirect_uri: 'http://127.0.0.1:5000/bye' });
    await expectRefused(() => person.browser.request(`${END_SESSION}?${query}`));
  });
});

describe('The end session endpoint answers with a page', () => {
  const send =
    (init: RequestInit, path = END_SESSION) =>
    () =>
      person.browser.request(path, init);

  it.each([
    ['JSON', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }, 415],
    ['a form of several parts', { method: 'POST', body: '--x--', headers: { 'content-type': 'multipart/form-data; boundary=x' } }, 415],
    ['a body without a type', { method: 'POST', body: Buffer.from('client_id=x') }, 415],
    ['too large a form', { method: 'POST', body: `state=${'x'.repeat(65_536)}`, headers: FORM }, 413],
    ['another method', { method: 'PUT', body: 'client_id=x', headers: FORM }, 405],
    [
      'a question whether it may be asked',
      { method: 'OPTIONS', headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' } },
      405,
    ],
  ])('to %s', async (_, init, status) => {
    await expectRefused(send(init), status);
    await expectRefused(send(init, '/sign-out'), status);
  });

  it('no app can read it from a page of its own (CORS)', async () => {
    const response = await person.browser.request(`${END_SESSION}?client_id=${app.client.id}`, {
      headers: { origin: 'https://app.example' },
    });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    expect(response.headers.get('x-frame-options')).toBe('DENY');
  });
});
