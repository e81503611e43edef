import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import * as openid from 'openid-client';
import { FaultyProvider, TestBrowser } from '../../src/testing/index.js';

/* openid-client 6 as it comes, against the provider that apps are tested with. */
const APP = 'http://localhost:4000';
const CALLBACK = `${APP}/callback`;
const CLIENT = { id: 'the app', secret: 'a b:c%+ü', redirectUris: [CALLBACK], postLogoutRedirectUris: [`${APP}/`] };
const REFRESHES = { when: ({ grantType }: { readonly grantType: string | undefined }) => grantType === 'refresh_token' };

let time: number;
let provider: FaultyProvider;
let config: openid.Configuration;

beforeEach(async () => {
  time = Math.floor(Date.now() / 1000) * 1000;
  provider = await FaultyProvider.start({ path: '/realms/test', clients: [CLIENT], now: () => time });
  config = await discover();
});
afterEach(() => provider.close());

const discover = (authentication = openid.ClientSecretBasic(CLIENT.secret)): Promise<openid.Configuration> =>
  openid.discovery(new URL(provider.issuer), CLIENT.id, undefined, authentication, { execute: [openid.allowInsecureRequests], timeout: 5 });

interface Attempt {
  readonly url: URL;
  readonly checks: openid.AuthorizationCodeGrantChecks;
}

async function begin(parameters: Record<string, string> = {}): Promise<Attempt> {
  const [pkceCodeVerifier, expectedState, expectedNonce] = [openid.randomPKCECodeVerifier(), openid.randomState(), openid.randomNonce()];
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: CALLBACK,
    scope: 'openid offline_access',
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    ...parameters,
  });
  return { url, checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true } };
}

async function authorize(url: URL): Promise<URL> {
  const response = await fetch(url, { redirect: 'manual' });
  expect(response.status).toBe(302);
  return new URL(response.headers.get('location') ?? '');
}

async function signIn(parameters: Record<string, string> = {}) {
  const { url, checks } = await begin(parameters);
  return openid.authorizationCodeGrant(config, await authorize(url), checks);
}

const refresh = (token: string | undefined, parameters?: Record<string, string>) =>
  openid.refreshTokenGrant(config, token ?? '', parameters).catch(asNodeTold);

/** How `fetch` says it. */
const LOST = { message: 'fetch failed' };

/** Where tests have a realm of their own, the library does not know a TypeError of Node's, and wraps it. */
function asNodeTold(error: Error): never {
  throw error.cause instanceof Error && error.cause.message === LOST.message ? error.cause : error;
}

describe('Signing in', () => {
  it.each(['ES256', 'RS256'] as const)('gives tokens signed by %s that openid-client and jose accept', async (algorithm) => {
    await provider.close();
    provider = await FaultyProvider.start({ clients: [CLIENT], algorithm });
    config = await discover(openid.ClientSecretPost(CLIENT.secret));
    openid.enableNonRepudiationChecks(config); // the signature is looked at, too
    provider.person = { sub: 'grace', claims: { email: 'grace@example.test' } };
    const tokens = await signIn();
    expect(tokens.claims()).toMatchObject({ sub: 'grace', sid: 'session-1', email: 'grace@example.test' });
    expect(tokens.expires_in).toBe(300);
    const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri ?? ''));
    const { payload } = await jwtVerify(tokens.access_token, keys, { typ: 'at+jwt', issuer: provider.issuer, audience: CLIENT.id });
    expect(payload).toMatchObject({ sub: 'grace', client_id: CLIENT.id, scope: 'openid offline_access' });
    expect(await openid.fetchUserInfo(config, tokens.access_token, 'grace')).toEqual({ sub: 'grace', email: 'grace@example.test' });
    expect(provider.accessToken(tokens.access_token)).toMatchObject({ sub: 'grace', family: 'family-1', generation: 0 });
  });

  it.each<[string, Record<string, string>, string]>([
    ['no PKCE', { code_challenge: '', code_challenge_method: '' }, 'invalid_request'],
    ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['no nonce', { nonce: '' }, 'invalid_request'],
    ['no state', { state: '' }, 'invalid_request'],
    ['no code wanted', { response_type: 'token' }, 'unsupported_response_type'],
  ])('refuses %s, and says so at the redirect URI', async (_name, parameters, error) => {
    const answer = await authorize((await begin(parameters)).url);
    expect(Object.fromEntries(answer.searchParams)).toMatchObject({ error, iss: provider.issuer });
    expect(answer.href.startsWith(CALLBACK)).toBe(true);
  });

  it.each<[string, Record<string, string>]>([
    ['client', { client_id: 'other' }],
    ['redirect URI', { redirect_uri: `${CALLBACK}/` }],
  ])('sends nobody anywhere for an unknown %s', async (_name, parameters) => {
    expect((await fetch((await begin(parameters)).url, { redirect: 'manual' })).status).toBe(400);
  });

  it('redeems a code for its own verifier and redirect URI only, once, and a second time ends what the first gave', async () => {
    const { url, checks } = await begin();
    const callback = await authorize(url);
    const wrong = { ...checks, pkceCodeVerifier: openid.randomPKCECodeVerifier() };
    await expect(openid.authorizationCodeGrant(config, callback, wrong)).rejects.toMatchObject({ error: 'invalid_grant' });
    const elsewhere = new URL(callback.href.replace('/callback', '/other'));
    await expect(openid.authorizationCodeGrant(config, elsewhere, checks)).rejects.toMatchObject({ error: 'invalid_grant' });
    const tokens = await openid.authorizationCodeGrant(config, callback, checks);
    await expect(openid.authorizationCodeGrant(config, callback, checks)).rejects.toMatchObject({ error: 'invalid_grant' });
    await expect(refresh(tokens.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  it('fails as told, once; and where nobody is there', async () => {
    provider.denyNext('access_denied');
    const { url, checks } = await begin();
    await expect(openid.authorizationCodeGrant(config, await authorize(url), checks)).rejects.toMatchObject({ error: 'access_denied' });
    expect((await authorize(url)).searchParams.has('code')).toBe(true);
    provider.person = undefined;
    expect((await authorize(url)).searchParams.get('error')).toBe('login_required');
  });

  it('shows a form if it is to be interactive', async () => {
    provider.settings.interactive = true;
    const browser = new TestBrowser({ hosts: { [APP]: provider.issuer } }); // any server will do for the callback
    const { url, checks } = await begin();
    await browser.navigate(url.href);
    const { url: end } = await browser.submit();
    expect((await openid.authorizationCodeGrant(config, new URL(end), checks)).claims()?.sub).toBe('ada');
    expect((await authorize((await begin({ prompt: 'none' })).url)).searchParams.get('error')).toBe('interaction_required');
  });
});

describe('Refresh tokens', () => {
  it('are good once; a spent one ends the family, and the log tells which was presented', async () => {
    const first = await signIn();
    const second = await refresh(first.refresh_token);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    const idToken = second.claims();
    expect(idToken).toMatchObject({ sub: 'ada', sid: 'session-1' });
    expect(idToken).not.toHaveProperty('nonce');
    time += 1000;
    await expect(refresh(first.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant', status: 400 });
    await expect(refresh(second.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' });
    expect(provider.accessToken(second.access_token)).toBeUndefined();
    expect(provider.family('family-1')).toMatchObject({ ended: true, generation: 1 });
    expect(provider.calls('token', 'refresh_token')).toMatchObject([
      { family: 'family-1', generation: 0, status: 200, answered: true, time: time - 1000 },
      { family: 'family-1', generation: 0, status: 400, error: 'invalid_grant', time },
      { family: 'family-1', generation: 1, status: 400, error: 'invalid_grant' },
    ]);
    expect(provider.counts).toMatchObject({ discovery: 1, authorize: 1, token: 4, revocation: 0 });
  });

  it('of ten at once with the same one, one wins', async () => {
    const { refresh_token: token } = await signIn();
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => refresh(token)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(provider.family('family-1')?.ended).toBe(true);
  });

  it('expire, are revoked, and are narrowed by scope and resource', async () => {
    const resource = 'https://orders.example/';
    const first = await signIn({ resource });
    await expect(refresh(first.refresh_token, { scope: 'openid email' })).rejects.toMatchObject({ error: 'invalid_scope' });
    await expect(refresh(first.refresh_token, { resource: 'https://other.example/' })).rejects.toMatchObject({ error: 'invalid_target' });
    const second = await refresh(first.refresh_token, { resource, scope: 'offline_access' });
    expect(second.id_token).toBeUndefined();
    expect(decodeJwt(second.access_token)).toMatchObject({ aud: resource, scope: 'offline_access' });
    await openid.tokenRevocation(config, second.refresh_token ?? '');
    await expect(refresh(second.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' });
    provider.settings.refreshTokenLifetime = 10;
    const third = await signIn();
    time += 10_000;
    await expect(refresh(third.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' });
    expect(provider.family('family-2')?.ended).toBe(false);
  });
});

describe('Settings', () => {
  it('hold for what is issued from then on', async () => {
    Object.assign(provider.settings, { omitExpiresIn: true, accessTokenFormat: 'opaque', accessTokenSize: 5000, sid: false });
    const first = await signIn();
    expect(first.expires_in).toBeUndefined();
    expect(first.access_token).toHaveLength(5000);
    expect(first.claims()).not.toHaveProperty('sid');
    Object.assign(provider.settings, { accessTokenFormat: 'jwt', accessTokenLifetime: 1, claims: { roles: ['admin'] } });
    Object.assign(provider.settings, { rotateRefreshTokens: false, idTokenOnRefresh: false });
    const second = await refresh(first.refresh_token);
    expect(second).not.toHaveProperty('refresh_token');
    expect(second).not.toHaveProperty('id_token');
    expect(second.access_token.length).toBeGreaterThan(5000);
    expect(decodeJwt(second.access_token).exp).toBe(time / 1000 + 1);
    time += 1000;
    expect(provider.accessToken(second.access_token)).toBeUndefined();
    provider.settings.idTokenOnRefresh = true;
    expect((await refresh(first.refresh_token)).claims()).toMatchObject({ roles: ['admin'] });
    provider.settings.refreshTokens = 'offline_access';
    expect(await signIn({ scope: 'openid' })).not.toHaveProperty('refresh_token');
    expect(await signIn()).toHaveProperty('refresh_token');
  });

  it('a public client needs no secret and must not send one; client_credentials are for the others', async () => {
    expect(decodeJwt((await openid.clientCredentialsGrant(config, { scope: 'reports' })).access_token)).toMatchObject({ sub: CLIENT.id });
    provider.register({ id: CLIENT.id, redirectUris: [CALLBACK] });
    await expect(signIn()).rejects.toMatchObject({ status: 401 });
    config = await discover(openid.None());
    expect((await signIn()).claims()?.sub).toBe('ada');
    await expect(openid.clientCredentialsGrant(config)).rejects.toMatchObject({ error: 'unauthorized_client' });
  });
});

describe('Faults of the token endpoint', () => {
  let token: string | undefined;
  beforeEach(async () => {
    token = (await signIn()).refresh_token;
  });

  it.each<[string, () => unknown, object]>([
    ['a status', () => provider.at('token').answer(500, {}, { times: 1 }), { cause: { status: 500 } }],
    ['503', () => provider.at('token').unavailable(7, { times: 1 }), { cause: { status: 503 } }],
    ['429', () => provider.at('token').tooManyRequests(7, { times: 1 }), { cause: { status: 429 } }],
    ['a body that is not JSON', () => provider.at('token').notJson({ times: 1 }), { code: 'OAUTH_RESPONSE_IS_NOT_JSON' }],
    ['invalid_client', () => provider.at('token').refuse('invalid_client', { times: 1 }), { error: 'invalid_client', status: 401 }],
    ['invalid_scope', () => provider.at('token').refuse('invalid_scope', { times: 1 }), { error: 'invalid_scope', status: 400 }],
    ['invalid_grant', () => provider.at('all').refuse('invalid_grant', { times: 1 }), { error: 'invalid_grant' }],
    ['a request lost', () => provider.at('token').dropAnswer({ times: 1, committed: false }), LOST],
  ])('%s, once: nothing is spent', async (_name, strike, expected) => {
    strike();
    await expect(refresh(token)).rejects.toMatchObject(expected);
    await expect(refresh(token)).resolves.toHaveProperty('refresh_token');
  });

  it('Retry-After goes along', async () => {
    provider.at('discovery').unavailable(7);
    const response = await fetch(`${provider.issuer}/.well-known/openid-configuration`);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '7']);
    provider.at('discovery').lift();
    expect((await fetch(response.url)).status).toBe(200);
  });

  it('an answer lost after the commit: the token is spent all the same', async () => {
    const fault = provider.at('token').dropAnswer({ times: 1, ...REFRESHES });
    await expect(refresh(token)).rejects.toMatchObject(LOST);
    expect(fault.hits).toBe(1);
    expect(provider.family('family-1')).toMatchObject({ generation: 1, ended: false });
    expect(provider.calls('token', 'refresh_token')).toMatchObject([{ status: 200, answered: false }]);
    await expect(refresh(token)).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  it('a status after the commit', async () => {
    provider.at('token').answer(502, {}, { committed: true, times: 1 });
    await expect(refresh(token)).rejects.toMatchObject({ cause: { status: 502 } });
    expect(provider.family('family-1')?.generation).toBe(1);
  });

  it.each([false, true])('held until released, committed: %s', async (committed) => {
    const hold = provider.at('token').hold({ committed });
    const answer = refresh(token);
    await hold.reached();
    expect(provider.family('family-1')?.generation).toBe(committed ? 1 : 0);
    expect(provider.calls('token', 'refresh_token')).toMatchObject([{ answered: false }]);
    provider.at('token').release();
    expect((await answer).refresh_token).toBeDefined();
    expect(provider.family('family-1')?.generation).toBe(1);
  });

  it('of others only', async () => {
    const fault = provider.at('token').refuse('invalid_grant', REFRESHES);
    await openid.clientCredentialsGrant(config);
    expect(fault.hits).toBe(0);
    await expect(refresh(token)).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  it('one after the other: the first that answers has the last word, and the rest wait for the next request', async () => {
    const [first, second] = [provider.at('token').refuse('invalid_scope', { times: 1 }), provider.at('token').unavailable(1, { times: 1 })];
    await expect(refresh(token)).rejects.toMatchObject({ error: 'invalid_scope' });
    expect([first.hits, second.hits]).toEqual([1, 0]);
    await expect(refresh(token)).rejects.toMatchObject({ cause: { status: 503 } });
    await expect(refresh(token)).resolves.toBeDefined();
  });

  it('delayed', async () => {
    const delay = provider.at('token').delay(60_000);
    const answer = refresh(token);
    await delay.reached();
    expect(provider.calls('token', 'refresh_token')).toMatchObject([{ status: undefined }]);
    delay.lift();
    expect((await answer).refresh_token).toBeDefined();
    const short = provider.at('token').delay(1);
    await openid.clientCredentialsGrant(config); // goes on by itself
    expect(short.hits).toBe(1);
  });

  it('never answered, until the client gives up', async () => {
    const hole = provider.at('all').blackHole();
    const abort = new AbortController();
    const answer = fetch(provider.issuer + '/token', { method: 'POST', body: new URLSearchParams(), signal: abort.signal });
    await hole.reached();
    abort.abort();
    await expect(answer).rejects.toThrow('aborted');
    provider.at('all').lift();
    expect((await refresh(token)).refresh_token).toBeDefined();
  });

  it('connections refused, then the same port again, with what was granted', async () => {
    await provider.stop();
    await expect(refresh(token)).rejects.toMatchObject(LOST);
    const { hostname, port } = new URL(provider.issuer);
    expect(await once(connect(Number(port), hostname), 'connect').catch(({ code }: { code: string }) => code)).toBe('ECONNREFUSED');
    await provider.start();
    expect((await refresh(token)).refresh_token).toBeDefined();
  });

  it.each(['sub', 'iss'])('another %s in the refreshed id token, not in the one of the sign-in', async (claim) => {
    provider.at('token').wrongIdToken({ [claim]: 'https://evil.example' });
    const second = await signIn();
    const answer = refresh(second.refresh_token);
    if (claim === 'iss') await expect(answer).rejects.toMatchObject({ code: 'OAUTH_JWT_CLAIM_COMPARISON_FAILED' });
    else expect((await answer).claims()?.sub).toBe('https://evil.example');
  });

  it('keys rotated, with and without the old ones in the set', async () => {
    const fetched = async () => (await (await fetch(`${provider.issuer}/jwks`)).json()) as { keys: { kid: string }[] };
    const kids = async () => (await fetched()).keys.map(({ kid }) => kid);
    await provider.rotateKeys();
    expect(await kids()).toEqual(['key-2', 'key-1']);
    await provider.rotateKeys({ keepOld: false });
    expect(await kids()).toEqual(['key-3']);
    openid.enableNonRepudiationChecks(config);
    expect((await refresh(token)).claims()?.sub).toBe('ada');
  });
});

describe('Signing out', () => {
  it('goes back to a registered address with the state', async () => {
    const { id_token: hint = '' } = await signIn();
    const leave = (parameters: Record<string, string>) => fetch(openid.buildEndSessionUrl(config, parameters), { redirect: 'manual' });
    const parameters = { id_token_hint: hint, post_logout_redirect_uri: `${APP}/`, state: 'x' };
    expect((await leave(parameters)).headers.get('location')).toBe(`${APP}/?state=x`);
    expect((await leave({ ...parameters, post_logout_redirect_uri: `${APP}/other` })).status).toBe(400);
    expect((await leave({ ...parameters, id_token_hint: `${hint.slice(0, -8)}AAAAAAAA` })).status).toBe(400);
    expect(provider.calls('endSession')[0]?.parameters).toMatchObject({ state: 'x' });
  });

  it('tells apps by a logout token that verifies, and by forged ones that do not', async () => {
    await signIn();
    const received: string[] = [];
    const app = createServer((request, response) => {
      request.on('data', (chunk) => received.push(new URLSearchParams(String(chunk)).get('logout_token') ?? ''));
      request.on('end', () => response.writeHead(204).end());
    }).listen(0, '127.0.0.1');
    await once(app, 'listening');
    const uri = `http://127.0.0.1:${(app.address() as AddressInfo).port}/`;
    expect((await provider.backchannelLogout(uri)).status).toBe(204);
    await provider.backchannelLogout(
      uri,
      await provider.logoutToken({ sid: 'session-1', nonce: 'n', events: undefined }, { forged: true }),
    );
    await new Promise((resolve) => {
      app.close(resolve);
      app.closeAllConnections();
    });
    const [good = '', bad = ''] = received;
    const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri ?? ''));
    const { payload } = await jwtVerify(good, keys, { typ: 'logout+jwt', issuer: provider.issuer, audience: CLIENT.id });
    expect(payload).toMatchObject({ sub: 'ada', sid: 'session-1', events: { 'http://schemas.openid.net/event/backchannel-logout': {} } });
    expect(payload).not.toHaveProperty('nonce');
    const { sub, events, nonce } = decodeJwt(bad);
    expect({ sub, events, nonce }).toEqual({ sub: undefined, events: undefined, nonce: 'n' });
    await expect(jwtVerify(bad, keys)).rejects.toMatchObject({ code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });
  });
});
