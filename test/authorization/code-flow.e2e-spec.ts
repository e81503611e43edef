import { ScopeStore } from '../../src/storage/scope.store.js';
import { codeClient, REDIRECT_URI } from '../support/code-flow.js';
import { claimsOf } from '../support/jwt.js';
import { startService, type TestService } from '../support/service-app.js';
import { allow, answerOf, App, newBrowser, newPerson, pathOf, signedInBrowser, signIn } from './support/app.js';

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

describe('Authorization code flow (RFC 6749 §4.1, OpenID Connect Core §3.1)', () => {
  it.each([
    ['public', 'query', 'GET'],
    ['public', 'form_post', 'GET'],
    ['confidential', 'query', 'GET'],
    ['confidential', 'form_post', 'GET'],
    ['public', 'query', 'POST'],
    ['confidential', 'form_post', 'POST'],
    ['public', 'query', 'PAR'],
    ['confidential', 'form_post', 'PAR'],
    ['confidential', 'query', 'PAR by POST'],
  ] as const)('%s client, %s, %s: a person signs in, agrees, and the app gets tokens', async (type, mode, how) => {
    const app = await App.of(service, codeClient(type));
    const person = await newPerson(service);
    const browser = newBrowser(service);
    const changes = { response_mode: mode, scope: 'openid email offline_access' };
    const started = how.startsWith('PAR') ? await app.push(changes) : app.start(changes);
    const first = how.endsWith('POST')
      ? await browser.post('/connect/authorize', Object.fromEntries(new URL(started.url, service.issuer).searchParams))
      : await browser.get(started.url);

    const consent = await signIn(browser, first, person);
    expect([consent.status, pathOf(consent)]).toEqual([200, '/consent']);
    const answer = answerOf(await allow(browser, consent));

    expect(answer).toEqual({
      redirectUri: REDIRECT_URI,
      mode,
      parameters: { code: expect.stringMatching(/^cs_ac_/), state: started.state, iss: service.issuer },
    });
    const { status, body } = await app.redeem(answer, started);
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', scope: 'openid email offline_access', refresh_token: expect.any(String) });
    expect(claimsOf(body.access_token)).toMatchObject({ sub: person.id, client_id: app.client.id, email: person.email, amr: ['pwd'] });
    expect(claimsOf(body.id_token)).toMatchObject({ sub: person.id, aud: app.client.id, nonce: started.nonce });
  });

  it('a person who is signed in and has agreed before sees no page', async () => {
    const app = await App.of(service, codeClient('public'));
    const person = await newPerson(service);
    const browser = await signedInBrowser(service, person);
    await allow(browser, await browser.get(app.start().url));
    const again = app.start();
    const answer = answerOf(await browser.get(again.url));
    expect(answer.parameters).toMatchObject({ state: again.state, code: expect.any(String) });
    expect((await app.redeem(answer, again)).status).toBe(200);
  });

  it('without state, nonce and scope: the answer has no state, the consent is to nothing in particular', async () => {
    const app = await App.of(service, codeClient('confidential'));
    const browser = await signedInBrowser(service, await newPerson(service));
    const started = app.start({ state: undefined, nonce: undefined, scope: undefined });
    const answer = answerOf(await allow(browser, await browser.get(started.url)));
    expect(Object.keys(answer.parameters)).toEqual(['code', 'iss']);
    expect((await app.redeem(answer, started)).body).not.toHaveProperty('id_token');
  });

  it('without PKCE, where the client is confidential and may', async () => {
    const app = await App.of(service, codeClient('confidential').withSettings({ requirePkce: false }));
    const browser = await signedInBrowser(service, await newPerson(service));
    const started = app.start({ code_challenge: undefined, code_challenge_method: undefined });
    const answer = answerOf(await allow(browser, await browser.get(started.url)));
    expect((await app.redeem(answer, started, { code_verifier: undefined })).status).toBe(200);
  });

  it('for resources (RFC 8707): those asked for are the audience', async () => {
    const resources = ['https://a.example', 'https://b.example/x'];
    const app = await App.of(service, codeClient('public').withPermissions({ ...permissionsOf(), resources }));
    const browser = await signedInBrowser(service, await newPerson(service));
    const started = app.start();
    const query = resources.map((resource) => `&resource=${encodeURIComponent(resource)}`).join('');
    const answer = answerOf(await allow(browser, await browser.get(started.url + query)));
    expect(claimsOf((await app.redeem(answer, started)).body.access_token).aud).toEqual(resources);
  });

  it('a redirect URI may be left out where there is but one and no id token is asked for (RFC 6749 §3.1.2.3)', async () => {
    const app = await App.of(service, codeClient('public'));
    const browser = await signedInBrowser(service, await newPerson(service));
    const started = app.start({ redirect_uri: undefined, scope: 'email' });
    const answer = answerOf(await allow(browser, await browser.get(started.url)));
    expect(answer.redirectUri).toBe(REDIRECT_URI);
    expect((await app.redeem(answer, started, { redirect_uri: undefined })).status).toBe(200);
  });

  it('a query of the redirect URI is kept (RFC 6749 §3.1.2)', async () => {
    const redirectUri = `${REDIRECT_URI}?tenant=a%20b&x`;
    const app = await App.of(service, codeClient('public').with({ redirectUris: [redirectUri] }), redirectUri);
    const browser = await signedInBrowser(service, await newPerson(service));
    const { url } = await allow(browser, await browser.get(app.start().url));
    expect(url.startsWith(`${redirectUri}&code=`)).toBe(true);
  });

  it('the page that posts the answer may do so, and nothing else (OAuth 2.0 Form Post Response Mode §2)', async () => {
    const app = await App.of(service, codeClient('public'));
    const page = await newBrowser(service).get(app.start({ response_mode: 'form_post', prompt: 'none' }).url);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("form-action 'self' https://app.example;");
    expect(policy).toContain("script-src 'self';");
    expect(answerOf(page)).toMatchObject({ redirectUri: REDIRECT_URI, mode: 'form_post' });
  });

  it('what is not understood is ignored (RFC 6749 §3.1): claims, display, acr_values, anything', async () => {
    const app = await App.of(service, codeClient('public'));
    const browser = await signedInBrowser(service, await newPerson(service));
    const ignored = { claims: '{"id_token":{"email":null}}', display: 'popup', acr_values: 'urn:x', anything: 'x', ui_locales: '%%% zz' };
    const consent = await browser.get(app.start(ignored).url);
    expect(pathOf(consent)).toBe('/consent');
    expect(answerOf(await allow(browser, consent)).parameters['code']).toBeDefined();
  });
});

describe('The consent page', () => {
  it('says who asks whom for what, and where the person will be sent', async () => {
    await service
      .get(ScopeStore)
      .put({ name: 'todos:read', description: 'Read your to-do list', resources: ['https://todo.example'] }, service.clock.now());
    service.clock.advance(10); // scopes are remembered for a while
    const scopes = ['openid', 'todos:read'];
    const app = await App.of(
      service,
      codeClient('public')
        .with({ displayName: 'To-do <app>' })
        .withScopes(...scopes),
    );
    const person = await newPerson(service);
    const browser = await signedInBrowser(service, person);
    const page = await browser.get(app.start({ scope: scopes.join(' '), ui_locales: 'de en' }).url);
    expect(page.html).toContain('To-do &lt;app&gt;');
    expect(page.html).toContain('data-scope="todos:read"');
    expect(page.headers.get('content-language')).toBe('de');
    expect(page.headers.get('content-security-policy')).toContain("form-action 'self' https://app.example;");
  });

  it('a no goes to the app, and nothing is remembered', async () => {
    const app = await App.of(service, codeClient('public'));
    const browser = await signedInBrowser(service, await newPerson(service));
    const started = app.start();
    const answer = answerOf(await browser.submit(await browser.get(started.url), { decision: 'deny' }));
    expect(answer.parameters).toMatchObject({ error: 'access_denied', state: started.state, iss: service.issuer });
    expect(pathOf(await browser.get(app.start().url))).toBe('/consent');
  });
});

const permissionsOf = () => ({
  endpoints: ['token', 'authorization'] as const,
  grantTypes: ['authorization_code'],
  scopes: ['openid', 'email'],
});
