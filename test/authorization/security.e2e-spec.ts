import { randomBytes } from 'node:crypto';
import { codeChallenge } from '../../src/protocol/pkce.js';
import { ConsentStore } from '../../src/storage/consent.store.js';
import { formOf, type Browser, type Page } from '../support/browser.js';
import { codeClient, REDIRECT_URI } from '../support/code-flow.js';
import { DatabaseRows } from '../support/database-rows.js';
import { claimsOf } from '../support/jwt.js';
import { ISSUER, startService, type TestService } from '../support/service-app.js';
import { allow, answerOf, App, messageOf, newBrowser, newPerson, pathOf, signedInBrowser, signIn } from './support/app.js';

let service: TestService;
let rows: DatabaseRows;
let app: App;
beforeAll(async () => {
  service = await startService();
  rows = await DatabaseRows.open(service.database.url);
  app = await App.of(service, codeClient('public'));
});
afterAll(async () => {
  await rows.close();
  await service.close();
});

async function consentPage(
  client = app,
): Promise<{ browser: Browser; page: Page; started: ReturnType<App['start']>; person: { id: string } }> {
  const person = await newPerson(service);
  const browser = await signedInBrowser(service, person);
  const started = client.start();
  return { browser, person, started, page: await browser.get(started.url) };
}

/** No grant comes of it, no consent, and nobody is sent to an app. */
async function yieldsNothing(work: () => Promise<Page>): Promise<Page> {
  const before = await rows.all();
  const page = await work();
  const after = await rows.all();
  expect([after['authorizations'], after['consent']]).toEqual([before['authorizations'], before['consent']]);
  expect(page.url).toMatch(new RegExp(`^${ISSUER}/`));
  return page;
}

describe('Open redirect (RFC 9700 §4.11)', () => {
  it.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example/',
    '\\\\evil.example',
    'javascript:alert(1)',
    ' https://evil.example/',
    '/sign-in',
    '/connect/authorize?client_id=x',
    '/connect/authorize/continue',
    '/connect/authorize/continue?ticket=x',
    '/connect/authorize/continue?ticket=https://evil.example/',
    `${ISSUER}/account`,
  ])('the sign-in page sends nobody to %j', async (href) => {
    const browser = await signedInBrowser(service, await newPerson(service));
    const page = await yieldsNothing(() => browser.get(`/sign-in?continue=${encodeURIComponent(href)}`));
    expect([page.status, messageOf(page)]).toEqual([400, 'expired']);
  });

  it('nor does its form, with an address put into it afterwards', async () => {
    const person = await newPerson(service);
    const browser = newBrowser(service);
    const page = await browser.get(app.start().url);
    const { action, fields } = formOf(page);
    const answer = await browser.post(action, { ...fields, continue: 'https://evil.example/', email: person.email, password: 'x' });
    expect([answer.status, messageOf(answer)]).toEqual([400, 'expired']);
  });

  it('the authorization endpoint sends nobody to an address that is not registered, whatever is wrong beside', async () => {
    const browser = await signedInBrowser(service, await newPerson(service));
    for (const wrong of [{}, { prompt: 'none' }, { scope: 'unheard-of' }, { response_type: 'token' }, { response_mode: 'form_post' }]) {
      const page = await yieldsNothing(() => browser.get(app.start({ redirect_uri: 'https://evil.example/cb', ...wrong }).url));
      expect([page.status, messageOf(page)]).toEqual([400, 'error']);
      expect(page.html).not.toContain('evil.example');
    }
  });
});

describe('Redirect URI confusion (RFC 9700 §4.1)', () => {
  it.each([
    ['a prefix', `${REDIRECT_URI}.evil.example`],
    ['a longer path', `${REDIRECT_URI}/x`],
    ['path traversal', `${REDIRECT_URI}/../../evil`],
    ['encoded path traversal', `${REDIRECT_URI}/%2e%2e/evil`],
    ['userinfo', 'https://app.example@evil.example/callback'],
    ['userinfo that looks like the address', 'https://app.example%2fcallback@evil.example/'],
    ['a subdomain', 'https://app.example.evil.example/callback'],
    ['a backslash', 'https://evil.example\\.app.example/callback'],
    ['a fragment', `${REDIRECT_URI}#x`],
    ['an encoded fragment', `${REDIRECT_URI}%23x`],
    ['a query', `${REDIRECT_URI}?next=https://evil.example`],
    ['another case', REDIRECT_URI.toUpperCase()],
    ['an encoded letter', REDIRECT_URI.replace('callback', '%63allback')],
    ['another port', 'https://app.example:8443/callback'],
    ['plain http', REDIRECT_URI.replace('https', 'http')],
    ['a line break', `${REDIRECT_URI}\r\nlocation: https://evil.example`],
    ['IPv6 loopback, which is not registered', 'http://[::1]/callback'],
    ['localhost, which is not registered', 'http://localhost/callback'],
    ['a script', 'javascript:alert(1)'],
  ])('%s is another address', async (_, redirectUri) => {
    const browser = await signedInBrowser(service, await newPerson(service));
    const page = await yieldsNothing(() => browser.get(app.start({ redirect_uri: redirectUri }).url));
    expect([page.status, messageOf(page)]).toEqual([400, 'error']);
  });

  it('of IPv6 loopback the port is free, and nothing else (RFC 8252 §7.3)', async () => {
    const native = await App.of(
      service,
      codeClient('public').with({ redirectUris: ['http://[::1]/callback'] }),
      'http://[::1]:51004/callback',
    );
    const { browser, page } = await consentPage(native);
    expect(page.headers.get('content-security-policy')).toContain("form-action 'self' http:;");
    expect(answerOf(await allow(browser, page)).redirectUri).toBe('http://[::1]:51004/callback');
    for (const uri of [
      'http://[::1]:51004/other',
      'http://[::1]:51004@evil.example/callback',
      'http://[0:0:0:0:0:0:0:1]:51004/callback',
      'http://127.0.0.1:51004/callback',
    ])
      expect((await yieldsNothing(() => browser.get(native.start({ redirect_uri: uri }).url))).status).toBe(400);
  });

  it('a code is redeemed only with the address it was sent to', async () => {
    const both = await App.of(service, codeClient('public').with({ redirectUris: [REDIRECT_URI, `${REDIRECT_URI}/2`] }));
    const { browser, page, started } = await consentPage(both);
    const answer = answerOf(await allow(browser, page));
    expect((await both.redeem(answer, started, { redirect_uri: `${REDIRECT_URI}/2` })).body.error).toBe('invalid_grant');
    expect((await both.redeem(answer, started)).status).toBe(200);
  });
});

describe('Mix-up (RFC 9700 §4.4)', () => {
  it.each(['query', 'form_post'])('every answer by %s names the issuer, as the metadata do (RFC 9207)', async (mode) => {
    const metadata = await (await fetch(`${service.url}/.well-known/openid-configuration`)).json();
    expect(metadata).toMatchObject({ issuer: ISSUER, authorization_response_iss_parameter_supported: true });
    const browser = await signedInBrowser(service, await newPerson(service));
    const consent = await browser.get(app.start({ response_mode: mode }).url);
    const pages = [
      await browser.submit(consent, { decision: 'deny' }),
      await allow(browser, consent),
      await browser.get(app.start({ response_mode: mode, prompt: 'none' }).url),
      await newBrowser(service).get(app.start({ response_mode: mode, prompt: 'none' }).url),
      await browser.get(app.start({ response_mode: mode, scope: 'unheard-of' }).url),
    ];
    const answers = pages.map(answerOf);
    expect(answers.map(({ parameters }) => parameters['iss'])).toEqual(pages.map(() => ISSUER));
    expect(answers.map(({ parameters }) => parameters['error'])).toEqual([
      'access_denied',
      undefined,
      undefined,
      'login_required',
      'invalid_scope',
    ]);
  });
});

describe('Code injection (RFC 9700 §4.5)', () => {
  it('a code from somebody else’s answer is worth nothing in another one’s session, and stays good for its own', async () => {
    const victim = await consentPage();
    const stolen = answerOf(await allow(victim.browser, victim.page));
    const attacker = await consentPage();
    await allow(attacker.browser, attacker.page);
    expect((await app.redeem(stolen, attacker.started)).body.error).toBe('invalid_grant');
    const { body } = await app.redeem(stolen, victim.started);
    // And where an app compares, the id token tells whose request it was.
    expect(claimsOf(body.id_token)).toMatchObject({ sub: victim.person.id, nonce: victim.started.nonce });
  });

  it('nor at another client', async () => {
    const { browser, page, started } = await consentPage();
    const stolen = answerOf(await allow(browser, page));
    const other = await App.of(service, codeClient('public'));
    expect((await other.redeem(stolen, started)).body.error).toBe('invalid_grant');
    expect((await app.redeem(stolen, started)).status).toBe(200);
  });
});

describe('PKCE downgrade (RFC 9700 §4.8.2)', () => {
  it('a request that lost its challenge on the way is refused', async () => {
    for (const type of ['public', 'confidential'] as const) {
      const own = await App.of(service, codeClient(type));
      const { url } = own.start({ code_challenge: undefined, code_challenge_method: undefined });
      expect(answerOf(await newBrowser(service).get(url)).parameters['error']).toBe('invalid_request');
    }
  });

  it('a public client cannot be excepted', async () => {
    const own = await App.of(service, codeClient('public').withSettings({ requirePkce: false }));
    const { url } = own.start({ code_challenge: undefined, code_challenge_method: undefined });
    expect(answerOf(await newBrowser(service).get(url)).parameters['error']).toBe('invalid_request');
  });

  it('where it is not required, an app that sends a verifier notices that the challenge was taken out', async () => {
    const lenient = await App.of(service, codeClient('confidential').withSettings({ requirePkce: false }));
    const browser = await signedInBrowser(service, await newPerson(service));
    const started = lenient.start({ code_challenge: undefined, code_challenge_method: undefined });
    const answer = answerOf(await allow(browser, await browser.get(started.url)));
    expect((await lenient.redeem(answer, started)).body.error).toBe('invalid_grant');
  });

  it('a challenge put in by an attacker is of no use to the app’s own verifier', async () => {
    const { browser, page, started } = await (async () => {
      const person = await newPerson(service);
      const own = await signedInBrowser(service, person);
      const begun = app.start({ code_challenge: codeChallenge(randomBytes(32).toString('base64url')) });
      return { browser: own, started: begun, page: await own.get(begun.url) };
    })();
    expect((await app.redeem(answerOf(await allow(browser, page)), started)).body.error).toBe('invalid_grant');
  });
});

describe('Cross-site request forgery on consent (RFC 9700 §4.7)', () => {
  const EXPIRED = [400, 'expired'];
  const refused = async (work: () => Promise<Page>) => {
    const page = await yieldsNothing(work);
    expect([page.status, messageOf(page)]).toEqual(EXPIRED);
  };

  it('a form of another site is refused, whatever it knows', async () => {
    const { browser, page } = await consentPage();
    await refused(() => browser.submit(page, { decision: 'allow' }, { 'sec-fetch-site': 'cross-site' }));
    await refused(() => browser.submit(page, { decision: 'allow' }, { 'sec-fetch-site': 'same-site' }));
    const { action, fields } = formOf(page);
    await refused(() => browser.post(action, { ...fields, decision: 'allow' }, { origin: 'https://evil.example' }));
    await refused(() => browser.post(action, { ...fields, decision: 'allow' }, { origin: 'null' }));
    // Browsers send no Lax cookies with it in the first place.
    await refused(() => newBrowser(service).submit(page, { decision: 'allow' }));
  });

  it.each([
    ['none', () => ''],
    ['a made-up one', () => randomBytes(32).toString('base64url')],
    ['a cut one', (own: string) => own.slice(0, -2)],
  ])('a form with no token of ours: %s', async (_, token) => {
    const { browser, page } = await consentPage();
    await refused(() => browser.submit(page, { decision: 'allow', csrf: token(formOf(page).fields['csrf'] ?? '') }));
  });

  it('a token of another request, page, session or browser', async () => {
    const { browser, page, person } = await consentPage();
    const tokens = {
      'another request': formOf(await browser.get(app.start({ scope: 'openid' }).url)).fields,
      'the same, looked at again': formOf(await browser.get(page.url)).fields,
      'another person’s browser': formOf((await consentPage()).page).fields,
    };
    for (const { csrf = '' } of Object.values(tokens)) await refused(() => browser.submit(page, { decision: 'allow', csrf }));
    service.clock.advance(1);
    const { fields } = formOf(await browser.get(app.start({ prompt: 'select_account' }).url));
    await refused(() => browser.submit(page, { decision: 'allow', csrf: fields['csrf'] ?? '' }));
    await refused(() => browser.post('/consent', { ...fields, decision: 'allow' }, { 'sec-fetch-site': 'same-origin' }));
    expect(person.id).toBeDefined();
    expect(answerOf(await allow(browser, page)).parameters['code']).toBeDefined();
  });

  it('nor can another site choose an account', async () => {
    const browser = await signedInBrowser(service, await newPerson(service));
    service.clock.advance(1);
    const page = await browser.get(app.start({ prompt: 'select_account' }).url);
    for (const decision of ['continue', 'other'])
      await refused(() => browser.submit(page, { decision }, { 'sec-fetch-site': 'cross-site' }));
    await refused(() => browser.submit(page, { decision: 'continue', csrf: '' }));
  });
});

describe('Consent bypass', () => {
  it('a form for little does not agree to much', async () => {
    const browser = await signedInBrowser(service, await newPerson(service));
    const little = formOf(await browser.get(app.start({ scope: 'openid' }).url));
    const much = formOf(await browser.get(app.start({ scope: 'openid email offline_access' }).url));
    await yieldsNothing(() => browser.post(little.action, { ...little.fields, ticket: much.fields['ticket'] ?? '', decision: 'allow' }));
  });

  it('what is allowed stands in the ticket: parameters beside it count for nothing', async () => {
    const { browser, page, person } = await consentPage();
    const more = {
      decision: 'allow',
      scope: 'openid email roles offline_access',
      redirect_uri: 'https://evil.example/',
      client_id: 'x',
      sub: 'x',
    };
    const answer = answerOf(await browser.submit(page, more));
    expect(answer.redirectUri).toBe(REDIRECT_URI);
    expect([...((await service.get(ConsentStore).find(person.id, app.client.id)) ?? [])].sort()).toEqual(['email', 'openid']);
  });

  it('whatever is no yes is a no', async () => {
    for (const decision of ['', 'ALLOW', 'yes', 'deny allow']) {
      const { browser, page } = await consentPage();
      expect(answerOf(await browser.submit(page, { decision })).parameters['error']).toBe('access_denied');
    }
  });

  it('two answers at once are none', async () => {
    const { browser, page } = await consentPage();
    const { action, fields } = formOf(page);
    const body = `${new URLSearchParams(fields).toString()}&decision=deny&decision=allow`;
    const before = await rows.count('authorizations');
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' };
    expect((await browser.request(action, { method: 'POST', body, headers })).status).toBe(400);
    expect(await rows.count('authorizations')).toBe(before);
  });

  it('a step cannot be skipped by its address', async () => {
    const browser = await signedInBrowser(service, await newPerson(service));
    service.clock.advance(1);
    const page = await browser.get(app.start({ prompt: 'login consent' }).url);
    const ticket = (new URL(page.url).searchParams.get('continue') ?? '').split('?')[1] ?? '';
    expect(ticket).toMatch(/^ticket=/);
    for (const path of ['/consent', '/select-account', '/connect/authorize/continue'])
      expect(pathOf(await yieldsNothing(() => browser.get(`${path}?${ticket}`)))).toBe('/sign-in');
  });
});

describe('Smuggling by request and request_uri (RFC 9126 §4, RFC 9101 §10.3)', () => {
  it('of a pushed request nothing is changed by what stands beside its reference', async () => {
    const person = await newPerson(service);
    const browser = await signedInBrowser(service, person);
    service.clock.advance(1);
    const pushed = await app.push({ scope: 'openid' });
    const beside = {
      scope: 'openid email roles offline_access',
      redirect_uri: 'https://evil.example/',
      state: 'evil',
      nonce: 'evil',
      response_type: 'token',
      response_mode: 'form_post',
      code_challenge: codeChallenge('x'.repeat(43)),
      prompt: 'login',
      request: 'eyJhbGciOiJub25lIn0.e30.',
      login_hint: 'evil@example.test',
    };
    const page = await browser.get(`${pushed.url}&${new URLSearchParams(beside).toString()}`);
    expect(pathOf(page)).toBe('/consent');
    expect([...page.html.matchAll(/data-scope="([^"]*)"/g)].map(([, scope]) => scope)).toEqual(['openid']);
    const answer = answerOf(await allow(browser, page));
    expect(answer).toMatchObject({ redirectUri: REDIRECT_URI, mode: 'query', parameters: { state: pushed.state } });
    const { body } = await app.redeem(answer, pushed);
    expect([body.scope, claimsOf(body.id_token).nonce]).toEqual(['openid', pushed.nonce]);
  });

  it('a request object is refused, and so is the address of one: none is fetched', async () => {
    for (const [name, value] of [
      ['request', 'x'],
      ['request_uri', `${ISSUER}/connect/par`],
      ['request_uri', 'urn:ietf:params:oauth:request_ur'],
    ] as const) {
      const page = await newBrowser(service).get(app.start({ [name]: value }).url);
      expect(answerOf(page).parameters['error']).toBe(`${name}_not_supported`);
    }
  });

  it('a reference is of one client', async () => {
    const other = await App.of(service, codeClient('public'));
    const { requestUri } = await app.push();
    const query = new URLSearchParams({ client_id: other.client.id, request_uri: requestUri });
    const page = await yieldsNothing(() => newBrowser(service).get(`/connect/authorize?${query.toString()}`));
    expect([page.status, messageOf(page)]).toEqual([400, 'error']);
  });

  it('and of the first browser that uses it', async () => {
    const pushed = await app.push();
    const browser = newBrowser(service);
    expect(pathOf(await browser.get(pushed.url))).toBe('/sign-in');
    const other = await signedInBrowser(service, await newPerson(service));
    const page = await yieldsNothing(() => other.get(pushed.url));
    expect([page.status, messageOf(page)]).toEqual([400, 'error']);
    // Its own has the time of a sign-in from then on.
    service.clock.advance(1799);
    expect(pathOf(await browser.get(pushed.url))).toBe('/sign-in');
  });

  it('what was pushed is not to be read in the database', async () => {
    const pushed = await app.push({ login_hint: 'ada@example.test' });
    const { rows: kept } = await rows.client.query<{ payload: Buffer; row: string }>(
      'select payload, t::text as row from pushed_request t',
    );
    for (const { payload, row } of kept)
      for (const secret of [pushed.state, 'ada@example.test', pushed.requestUri.split(':').pop() ?? ''])
        expect([payload.includes(secret), row.includes(secret)]).toEqual([false, false]);
  });
});

describe('Clickjacking (RFC 9700 §4.16)', () => {
  it('no page of the way can be framed, nor loads or leads to anything of others', async () => {
    const person = await newPerson(service);
    const browser = newBrowser(service);
    const signInPage = await browser.get(app.start().url);
    const consent = await signIn(browser, signInPage, person);
    service.clock.advance(1);
    const selection = await browser.get(app.start({ prompt: 'select_account' }).url);
    const error = await browser.get('/connect/authorize');
    const expired = await browser.get('/consent');
    const formPost = await browser.get(app.start({ response_mode: 'form_post', scope: 'unheard-of' }).url);
    expect([signInPage, consent, selection].map(pathOf)).toEqual(['/sign-in', '/consent', '/select-account']);
    for (const page of [signInPage, consent, selection, error, expired, formPost]) {
      const policy = page.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*/);
      expect(page.headers.get('x-frame-options')).toBe('DENY');
      expect(page.headers.get('cache-control')).toBe('no-store');
      expect(page.headers.get('referrer-policy')).toBe('same-origin');
    }
    for (const page of [error, expired]) expect(page.headers.get('content-security-policy')).toContain("form-action 'self';");
  });

  it('redirects are 303, so that no password is posted on (RFC 9700 §4.12)', async () => {
    const person = await newPerson(service);
    const browser = newBrowser(service);
    const page = await browser.get(app.start().url);
    const { action, fields } = formOf(page);
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' };
    const body = new URLSearchParams({ ...fields, email: person.email, password: 'correct horse battery staple' }).toString();
    expect((await browser.request(action, { method: 'POST', body, headers })).status).toBe(303);
  });
});

it('the mark of a browser is out of reach of scripts and other sites', async () => {
  const response = await newBrowser(service).request(app.start().url);
  expect(response.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^countersign-browser=cs_br_[\w-]+; Path=\/; HttpOnly; SameSite=Lax$/),
  ]);
});
