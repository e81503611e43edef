import { Accounts, type Account } from '../../src/identity/accounts/accounts.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { ConsentStore } from '../../src/storage/consent.store.js';
import type { Browser } from '../support/browser.js';
import type { ClientBuilder } from '../support/clients.js';
import { codeClient } from '../support/code-flow.js';
import { seeChanges } from '../support/configuration.js';
import { claimsOf } from '../support/jwt.js';
import { startService, type TestService } from '../support/service-app.js';
import { signedByService } from '../sign-out/support/signed-tokens.js';
import { allow, answerOf, App, newBrowser, newPerson, pathOf, signedInBrowser, signIn, type Changes, type Started } from './support/app.js';

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

/** An app, a person who has agreed to it before, and a browser in which that person is signed in. */
async function known(builder: ClientBuilder = codeClient('public')) {
  const [app, person] = [await App.of(service, builder), await newPerson(service)];
  const browser = await signedInBrowser(service, person);
  await service.get(ConsentStore).allow(person.id, app.client.id, ['openid', 'email'], service.clock.now());
  service.clock.advance(60);
  return { app, person, browser };
}

/** What the app is told when it asks out of sight. */
async function silently(app: App, browser: Browser, changes: Changes = {}): Promise<string | undefined> {
  const started = app.start({ prompt: 'none', ...changes });
  const { parameters } = answerOf(await browser.get(started.url));
  expect(parameters).toMatchObject({ state: started.state, iss: service.issuer });
  return parameters['error'];
}

const idTokenOf = (app: App, subject: string, claims: object = {}): Promise<string> =>
  signedByService(service, { claims: { sub: subject, aud: app.client.id, ...claims } });

const claimsGot = async (app: App, started: Started, page: Parameters<typeof answerOf>[0]) =>
  claimsOf((await app.redeem(answerOf(page), started)).body.id_token);

describe('prompt=none (OpenID Connect Core §3.1.2.1)', () => {
  it('a code, if nothing is to be asked', async () => {
    const { app, browser } = await known();
    expect(await silently(app, browser)).toBeUndefined();
  });

  it('login_required, if nobody is signed in', async () => {
    const { app } = await known();
    expect(await silently(app, newBrowser(service))).toBe('login_required');
  });

  it('login_required, if the person was disabled', async () => {
    const { app, browser, person } = await known();
    await service.get(Accounts).setEnabled(person.id, false);
    expect(await silently(app, browser)).toBe('login_required');
  });

  it('login_required, if the session is past its end', async () => {
    const { app, browser } = await known();
    service.clock.advance(15 * 86_400);
    expect(await silently(app, browser)).toBe('login_required');
  });

  it('consent_required, if the person was never asked, or not for so much', async () => {
    const { app, browser } = await known();
    expect(await silently(app, browser, { scope: 'openid email offline_access' })).toBe('consent_required');
    const other = await App.of(service, codeClient('public'));
    expect(await silently(other, browser)).toBe('consent_required');
  });

  it('by form post as well', async () => {
    const { app } = await known();
    const page = await newBrowser(service).get(app.start({ prompt: 'none', response_mode: 'form_post' }).url);
    expect(answerOf(page)).toMatchObject({ mode: 'form_post', parameters: { error: 'login_required', iss: service.issuer } });
  });

  it('of a pushed request, which is not spent by a refusal', async () => {
    const { app, browser, person } = await known();
    const { url } = await app.push({ prompt: 'none', scope: 'openid roles' });
    expect(answerOf(await browser.get(url)).parameters['error']).toBe('consent_required');
    await service.get(ConsentStore).allow(person.id, app.client.id, ['roles'], service.clock.now());
    expect(answerOf(await browser.get(url)).parameters['code']).toBeDefined();
  });
});

describe('prompt=login', () => {
  it('the person signs in again, and the session goes on', async () => {
    const { app, browser, person } = await known();
    const before = app.start();
    const { sid, auth_time: earlier } = await claimsGot(app, before, await browser.get(before.url));
    const started = app.start({ prompt: 'login' });
    const page = await browser.get(started.url);
    expect(pathOf(page)).toBe('/sign-in');
    service.clock.advance(5);
    const claims = await claimsGot(app, started, await signIn(browser, page, person));
    expect(claims).toMatchObject({ sid, auth_time: earlier + 65 });
  });

  it('is not done with by a sign-in before the request', async () => {
    const { app, browser } = await known();
    const page = await browser.get(app.start({ prompt: 'login' }).url);
    const way = new URL(page.url).searchParams.get('continue') ?? '';
    expect(pathOf(await browser.get(way))).toBe('/sign-in');
  });
});

describe('max_age', () => {
  it.each([
    ['60', undefined],
    ['59', 'login_required'],
    ['0', 'login_required'],
    ['999999999', undefined],
  ])('%s s, when the person signed in 60 s ago: %s', async (maxAge, error) => {
    const { app, browser } = await known();
    expect(await silently(app, browser, { max_age: maxAge })).toBe(error);
  });

  it('is measured from the request on: whoever takes longer to agree does not sign in forever', async () => {
    const { app, browser, person } = await known();
    const started = app.start({ max_age: '10', prompt: 'consent' });
    const page = await browser.get(started.url);
    expect(pathOf(page)).toBe('/sign-in');
    const consent = await signIn(browser, page, person);
    service.clock.advance(300);
    expect(answerOf(await allow(browser, consent)).parameters['code']).toBeDefined();
  });
});

describe('prompt=consent', () => {
  it('the person is asked though it was answered before', async () => {
    const { app, browser } = await known();
    const page = await browser.get(app.start({ prompt: 'consent' }).url);
    expect(pathOf(page)).toBe('/consent');
    expect(answerOf(await allow(browser, page)).parameters['code']).toBeDefined();
  });

  it('a no leaves alone what was allowed before', async () => {
    const { app, browser } = await known();
    const page = await browser.get(app.start({ prompt: 'consent' }).url);
    expect(answerOf(await browser.submit(page, { decision: 'deny' })).parameters['error']).toBe('access_denied');
    expect(await silently(app, browser)).toBeUndefined();
  });
});

describe('prompt=select_account', () => {
  it('the person goes on as who they are', async () => {
    const { app, browser, person } = await known();
    const started = app.start({ prompt: 'select_account' });
    const page = await browser.get(started.url);
    expect(pathOf(page)).toBe('/select-account');
    expect(page.html).toContain(person.email);
    expect(await claimsGot(app, started, await browser.submit(page, { decision: 'continue' }))).toMatchObject({ sub: person.id });
  });

  it('or as somebody else', async () => {
    const { app, browser, person } = await known();
    const other = await newPerson(service);
    await service.get(ConsentStore).allow(other.id, app.client.id, ['openid', 'email'], service.clock.now());
    const started = app.start({ prompt: 'select_account', login_hint: person.email });
    const page = await browser.submit(await browser.get(started.url), { decision: 'other' });
    expect(pathOf(page)).toBe('/sign-in');
    expect(page.html).not.toContain(person.email);
    expect(await claimsGot(app, started, await signIn(browser, page, other))).toMatchObject({ sub: other.id });
  });

  it('who has just signed in has chosen', async () => {
    const { app, person } = await known();
    const browser = newBrowser(service);
    const started = app.start({ prompt: 'select_account' });
    const page = await browser.get(started.url);
    expect(await claimsGot(app, started, await signIn(browser, page, person))).toMatchObject({ sub: person.id });
  });

  it('the choice is of this session: who signs in as another in between is asked again', async () => {
    const { app, browser, person } = await known();
    const started = app.start({ prompt: 'select_account consent' });
    const consent = await browser.submit(await browser.get(started.url), { decision: 'continue' });
    expect(pathOf(consent)).toBe('/consent');
    const other = await newPerson(service);
    service.clock.advance(-3600); // signed in before this request came
    await becomes(browser, other);
    service.clock.advance(3600);
    expect(pathOf(await browser.get(consent.url))).toBe('/select-account');
    expect(person.id).not.toBe(other.id);
  });

  it('together with login and consent: all of it, and each once', async () => {
    const { app, browser, person } = await known();
    const started = app.start({ prompt: 'login consent select_account' });
    const page = await browser.get(started.url);
    expect(pathOf(page)).toBe('/sign-in');
    const consent = await signIn(browser, page, person);
    expect(pathOf(consent)).toBe('/consent');
    expect(answerOf(await allow(browser, consent)).parameters['code']).toBeDefined();
  });
});

describe('login_hint', () => {
  it('is filled in', async () => {
    const { app } = await known();
    const page = await newBrowser(service).get(app.start({ login_hint: 'ada@example.test"><x' }).url);
    expect(page.html).toContain('value="ada@example.test&quot;&gt;&lt;x"');
  });
});

describe('id_token_hint (OpenID Connect Core §3.1.2.1)', () => {
  it('of who is signed in changes nothing, though it expired long ago', async () => {
    const { app, browser, person } = await known();
    expect(await silently(app, browser, { id_token_hint: await idTokenOf(app, person.id, { exp: 1000, iat: 900 }) })).toBeUndefined();
  });

  it('of somebody else is not answered with who is signed in', async () => {
    const { app, browser } = await known();
    const other = await newPerson(service);
    expect(await silently(app, browser, { id_token_hint: await idTokenOf(app, other.id) })).toBe('login_required');
    const started = app.start({ id_token_hint: await idTokenOf(app, other.id) });
    const page = await browser.get(started.url);
    expect(pathOf(page)).toBe('/sign-in');
    await service.get(ConsentStore).allow(other.id, app.client.id, ['openid', 'email'], service.clock.now());
    expect(await claimsGot(app, started, await signIn(browser, page, other))).toMatchObject({ sub: other.id });
  });

  it('who signs in as the wrong person ends the request, not an endless round', async () => {
    const { app, browser, person } = await known();
    const other = await newPerson(service);
    const page = await browser.get(app.start({ id_token_hint: await idTokenOf(app, other.id) }).url);
    expect(answerOf(await signIn(browser, page, person)).parameters['error']).toBe('login_required');
  });
});

describe('Remembered consent', () => {
  it('is asked for again when the scopes grow, and then covers both', async () => {
    const { app, browser, person } = await known();
    const page = await browser.get(app.start({ scope: 'openid roles' }).url);
    expect(pathOf(page)).toBe('/consent');
    await allow(browser, page);
    expect(await silently(app, browser, { scope: 'openid email roles' })).toBeUndefined();
    expect(await service.get(ConsentStore).find(person.id, app.client.id)).toEqual(['email', 'openid', 'roles']);
  });

  it('is of one app and one person', async () => {
    const { app, browser } = await known();
    await becomes(browser, await newPerson(service));
    expect(await silently(app, browser)).toBe('consent_required');
  });

  it('is gone once it was withdrawn', async () => {
    const { app, browser, person } = await known();
    await service.get(ConsentStore).withdraw(person.id, app.client.id, service.clock.now());
    expect(await silently(app, browser)).toBe('consent_required');
  });
});

describe('An app of the house (consent: implicit)', () => {
  const house = () => codeClient('confidential').withSettings({ consent: 'implicit' });

  it('is not asked about, but listed', async () => {
    const [app, person] = [await App.of(service, house()), await newPerson(service)];
    const browser = await signedInBrowser(service, person);
    expect(await silently(app, browser, { scope: 'openid' })).toBeUndefined();
    expect(await service.get(ConsentStore).find(person.id, app.client.id)).toEqual(['openid']);
    expect(await silently(app, browser, { scope: 'openid email' })).toBeUndefined();
    expect(await service.get(ConsentStore).find(person.id, app.client.id)).toEqual(['email', 'openid']);
  });

  it('can ask to have it asked', async () => {
    const app = await App.of(service, house());
    const browser = await signedInBrowser(service, await newPerson(service));
    expect(pathOf(await browser.get(app.start({ prompt: 'consent' }).url))).toBe('/consent');
  });
});

describe('Native apps (RFC 8252)', () => {
  const native = (...redirectUris: string[]) => codeClient('public').with({ redirectUris });

  it.each([
    ['http://127.0.0.1/callback', 'http://127.0.0.1:51004/callback'],
    ['http://[::1]/callback', 'http://[::1]:51004/callback'],
    ['http://localhost/callback', 'http://localhost:51004/callback'],
    ['com.example.app:/callback', 'com.example.app:/callback'],
  ])('registered %s, answered at %s', async (registered, sent) => {
    const app = await App.of(service, native(registered), sent);
    const browser = await signedInBrowser(service, await newPerson(service));
    const started = app.start();
    const answer = answerOf(await allow(browser, await browser.get(started.url)));
    expect(answer.redirectUri).toBe(sent);
    expect((await app.redeem(answer, started)).status).toBe(200);
  });

  it.each(['http://127.0.0.1:51004/callback', 'com.example.app:/callback'])(
    'each time the person is asked, since any program can pass itself off as the app (§8.6): %s',
    async (redirectUri) => {
      const app = await App.of(service, native('http://127.0.0.1/callback', 'com.example.app:/callback'), redirectUri);
      const browser = await signedInBrowser(service, await newPerson(service));
      await allow(browser, await browser.get(app.start().url));
      expect(pathOf(await browser.get(app.start().url))).toBe('/consent');
      expect(await silently(app, browser)).toBe('consent_required');
    },
  );

  it('an operator cannot spare them that either', async () => {
    const app = await App.of(
      service,
      native('http://127.0.0.1/callback').withSettings({ consent: 'implicit' }),
      'http://127.0.0.1:1/callback',
    );
    const browser = await signedInBrowser(service, await newPerson(service));
    expect(await silently(app, browser)).toBe('consent_required');
  });

  it('with an address of the web that they have claimed they are remembered like others (§7.2)', async () => {
    const { app, browser } = await known();
    expect(await silently(app, browser)).toBeUndefined();
  });

  it('a confidential client on loopback is none', async () => {
    const builder = codeClient('confidential').with({ redirectUris: ['http://127.0.0.1/callback', 'http://localhost:3001/callback'] });
    const app = await App.of(service, builder, 'http://localhost:3001/callback');
    const browser = await signedInBrowser(service, await newPerson(service));
    await allow(browser, await browser.get(app.start().url));
    expect(await silently(app, browser)).toBeUndefined();
    const page = await browser.get(app.start({ redirect_uri: 'http://127.0.0.1:51004/callback' }).url);
    expect([page.status, page.html]).toEqual([400, expect.stringContaining('redirect_uri')]);
  });

  it('no answer is posted to an app’s own scheme', async () => {
    const app = await App.of(service, native('com.example.app:/callback'), 'com.example.app:/callback');
    const answer = answerOf(await newBrowser(service).get(app.start({ response_mode: 'form_post' }).url));
    expect(answer).toMatchObject({ redirectUri: 'com.example.app:/callback', mode: 'query', parameters: { error: 'invalid_request' } });
  });
});

it('a disabled client is not sent anybody', async () => {
  const { app, browser } = await known();
  await service.get(ClientStore).setEnabled(app.client.id, false, service.clock.now());
  await seeChanges(service);
  expect((await browser.get(app.start({ prompt: 'none' }).url)).status).toBe(400);
});

/** The person of this browser changes, in another tab. */
async function becomes(browser: Browser, person: Account): Promise<void> {
  const cookies = new Map([...browser.cookies].filter(([name]) => !name.includes('session')));
  const other = newBrowser(service);
  for (const [name, value] of cookies) other.cookies.set(name, value);
  await signIn(other, await other.get('/sign-in'), person);
  for (const [name, value] of other.cookies) browser.cookies.set(name, value);
}
