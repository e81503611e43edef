import { Accounts } from '../../src/identity/accounts/accounts.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { ConsentStore } from '../../src/storage/consent.store.js';
import { SessionStore } from '../../src/storage/session.store.js';
import { formOf, type Browser, type Page } from '../support/browser.js';
import { codeClient, REDIRECT_URI } from '../support/code-flow.js';
import { seeChanges } from '../support/configuration.js';
import { DatabaseRows } from '../support/database-rows.js';
import { claimsOf } from '../support/jwt.js';
import { startService, type TestService } from '../support/service-app.js';
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

const now = () => service.clock.now();
const codeOf = (page: Page): string | undefined => answerOf(page).parameters['code'];
const expectExpired = (page: Page) => expect([page.status, messageOf(page)]).toEqual([400, 'expired']);
/** No grant comes of it. */
async function yieldsNothing(work: () => Promise<Page>): Promise<Page> {
  const before = await rows.count('authorizations');
  const page = await work();
  expect(page.status).not.toBe(0);
  expect(await rows.count('authorizations')).toBe(before);
  return page;
}

/** What the person of a browser does in another tab. */
const signOutElsewhere = async (browser: Browser, personId: string): Promise<void> => {
  const [session] = await service.get(SessionStore).list(personId, now());
  await service.get(SessionStore).end(personId, session?.sid ?? '', now());
  expect(session).toBeDefined();
  expect(browser.cookies.has('countersign-session')).toBe(true); // it does not know yet
};

const becomes = async (browser: Browser, email: string): Promise<void> => {
  browser.cookies.delete('countersign-session');
  await signIn(browser, await browser.get('/sign-in'), { email });
};

describe('Two tabs', () => {
  it('two requests of one browser go side by side: a sign-in in one serves both', async () => {
    const [browser, person] = [newBrowser(service), await newPerson(service)];
    const [one, two] = [app.start(), app.start({ scope: 'openid roles' })];
    const first = await browser.get(one.url);
    const second = await browser.get(two.url);
    const consent = await signIn(browser, first, person);
    // The other tab is reloaded.
    const other = await browser.get(second.url);
    expect([pathOf(consent), pathOf(other)]).toEqual(['/consent', '/consent']);
    const answers = [answerOf(await allow(browser, other)), answerOf(await allow(browser, consent))] as const;
    expect(answers.map(({ parameters }) => parameters['state'])).toEqual([two.state, one.state]);
    expect((await app.redeem(answers[0], two)).body.scope).toBe('openid roles');
    expect((await app.redeem(answers[1], one)).body.scope).toBe('openid email');
  });

  it('a sign-in form that was left open goes on all the same', async () => {
    const [browser, person] = [newBrowser(service), await newPerson(service)];
    const first = await browser.get(app.start().url);
    const second = await browser.get(app.start().url);
    await signIn(browser, first, person);
    expect(pathOf(await signIn(browser, second, person))).toBe('/consent');
  });

  it('consent given in one is not asked for in the other', async () => {
    const browser = await signedInBrowser(service, await newPerson(service));
    const first = await browser.get(app.start().url);
    const second = await browser.get(app.start().url);
    await allow(browser, first);
    expect(codeOf(await browser.get(second.url))).toBeDefined();
    expect(codeOf(await allow(browser, second))).toBeDefined();
  });

  it('a no in one is a no, though the other has agreed', async () => {
    const browser = await signedInBrowser(service, await newPerson(service));
    const first = await browser.get(app.start().url);
    const second = await browser.get(app.start().url);
    expect(codeOf(await allow(browser, first))).toBeDefined();
    expect(answerOf(await browser.submit(second, { decision: 'deny' })).parameters['error']).toBe('access_denied');
  });

  it('both finish one pushed request: one code', async () => {
    const browser = await signedInBrowser(service, await newPerson(service));
    const { url } = await app.push();
    const [first, second] = [await browser.get(url), await browser.get(url)];
    const pages = await Promise.all([allow(browser, first), allow(browser, second)]);
    expect(pages.filter(({ status }) => status === 0)).toHaveLength(1);
    expectExpired(pages.find(({ status }) => status !== 0) as Page);
  });
});

describe('Reload and back', () => {
  it.each(['start', 'push'] as const)('each page can be looked at again until the app has its code (%s)', async (how) => {
    const [browser, person] = [newBrowser(service), await newPerson(service)];
    const started = await app[how]();
    const signInPage = await browser.get(started.url);
    for (const again of [signInPage.url, started.url]) expect(pathOf(await browser.get(again))).toBe('/sign-in');
    const consent = await signIn(browser, signInPage, person);
    for (const again of [consent.url, signInPage.url, started.url]) expect(pathOf(await browser.get(again))).toBe('/consent');
    const answer = answerOf(await allow(browser, consent));
    expect((await app.redeem(answer, started)).status).toBe(200);
  });

  it('back after the code: an ordinary request yields another, a pushed one is over', async () => {
    const browser = await signedInBrowser(service, await newPerson(service));
    const [ordinary, pushed] = [app.start(), await app.push({ prompt: 'consent' })];
    const first = await browser.get(ordinary.url);
    expect(codeOf(await allow(browser, first))).toBeDefined();
    expect(codeOf(await browser.get(first.url))).toBeDefined();
    const second = await browser.get(pushed.url);
    expect(codeOf(await allow(browser, second))).toBeDefined();
    expectExpired(await yieldsNothing(() => allow(browser, second)));
    const page = await yieldsNothing(() => browser.get(pushed.url));
    expect([page.status, messageOf(page)]).toEqual([400, 'error']);
  });

  it('the form of a page that was reloaded since is still good', async () => {
    const browser = await signedInBrowser(service, await newPerson(service));
    const page = await browser.get(app.start().url);
    await browser.get(page.url);
    expect(codeOf(await allow(browser, page))).toBeDefined();
  });

  it('a request that came by a form can be reloaded, too', async () => {
    const browser = await signedInBrowser(service, await newPerson(service));
    const { parameters } = app.start();
    const response = await browser.request('/connect/authorize', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(parameters).toString(),
    });
    const location = response.headers.get('location') ?? '';
    expect(response.status).toBe(303);
    for (let n = 0; n < 2; n++) expect(pathOf(await browser.get(location))).toBe('/consent');
  });
});

describe('A ticket', () => {
  it('is over after the time for it (interactionLifetime), on every page', async () => {
    const person = await newPerson(service);
    const browser = newBrowser(service);
    const signInPage = await browser.get(app.start().url);
    const consent = await signIn(otherTab(browser), signInPage, person);
    service.clock.advance(1799);
    expect((await browser.get(signInPage.url)).status).toBe(200);
    service.clock.advance(1);
    expectExpired(await browser.get(signInPage.url));
    expectExpired(await yieldsNothing(() => browser.submit(signInPage, { email: person.email, password: 'x' })));
    expectExpired(await browser.get(consent.url));
    expectExpired(await yieldsNothing(() => allow(browser, consent)));
  });

  it('does not live longer by being used', async () => {
    const browser = await signedInBrowser(service, await newPerson(service));
    service.clock.advance(1);
    const page = await browser.get(app.start({ prompt: 'select_account consent' }).url);
    service.clock.advance(1000);
    const consent = await browser.submit(page, { decision: 'continue' });
    expect(pathOf(consent)).toBe('/consent');
    service.clock.advance(800);
    expectExpired(await browser.get(consent.url));
  });

  it('is of the browser it was made in, on every page', async () => {
    const person = await newPerson(service);
    const browser = await signedInBrowser(service, person);
    const [selection, consent] = [
      await browser.get(app.start({ prompt: 'select_account' }).url),
      await browser.get(app.start({ prompt: 'consent' }).url),
    ];
    expect(pathOf(consent)).toBe('/consent');
    const other = await signedInBrowser(service, person);
    const way = `/connect/authorize/continue?ticket=${new URL(consent.url).searchParams.get('ticket') ?? ''}`;
    for (const url of [selection.url, consent.url, way, `/sign-in?continue=${encodeURIComponent(way)}`])
      expectExpired(await yieldsNothing(() => other.get(url)));
    for (const page of [selection, consent]) expectExpired(await yieldsNothing(() => other.submit(page, { decision: 'allow' })));
    // Nor of one that has thrown its cookies away.
    expectExpired(await newBrowser(service).get(way));
  });

  it('is taken as it is, or not at all', async () => {
    const browser = await signedInBrowser(service, await newPerson(service));
    const consent = await browser.get(app.start().url);
    const ticket = new URL(consent.url).searchParams.get('ticket') ?? '';
    const [header = '', , iv = '', content = '', tag = ''] = ticket.split('.');
    const altered = [
      '',
      'x',
      ticket.slice(1),
      ticket.slice(0, -4),
      `${ticket}.`,
      `${ticket}\n`,
      `${ticket} `,
      [header, '', iv, content.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')), tag].join('.'),
      [Buffer.from('{"alg":"none"}').toString('base64url'), '', iv, content, tag].join('.'),
      [Buffer.from('{"alg":"dir","enc":"A256GCM","kid":"x","typ":"authorization+jwe"}').toString('base64url'), '', iv, content, tag].join(
        '.',
      ),
      'x'.repeat(7000),
    ];
    for (const path of ['/consent', '/select-account', '/connect/authorize/continue'])
      for (const text of altered) expectExpired(await yieldsNothing(() => browser.get(`${path}?ticket=${encodeURIComponent(text)}`)));
    expectExpired(await browser.get(`/consent?ticket=${ticket}&ticket=${ticket}`));
    expectExpired(await browser.get('/consent'));
  });

  it('holds nothing that can be read', async () => {
    const browser = await signedInBrowser(service, await newPerson(service));
    const started = app.start();
    const ticket = new URL((await browser.get(started.url)).url).searchParams.get('ticket') ?? '';
    for (const part of ticket.split('.')) expect(Buffer.from(part, 'base64url').toString('latin1')).not.toContain(started.state);
  });
});

describe('Meanwhile', () => {
  it('the session changed to another person: the answer of the first is not the second’s', async () => {
    const [person, other] = [await newPerson(service), await newPerson(service)];
    const browser = await signedInBrowser(service, person);
    const consent = await browser.get(app.start().url);
    await becomes(browser, other.email);
    // Not even if the second has agreed by himself before.
    await service.get(ConsentStore).allow(other.id, app.client.id, ['openid', 'email'], now());
    const page = await yieldsNothing(() => allow(browser, consent));
    expectExpired(page);
    expect(await service.get(ConsentStore).find(person.id, app.client.id)).toBeUndefined();
    // The page shows the way on.
    const href = /href="(\/connect\/authorize\/continue[^"]*)"/.exec(page.html)?.[1] ?? '';
    expect(codeOf(await browser.get(href))).toBeDefined();
  });

  it('the code is of whoever is signed in at the end', async () => {
    const [person, other] = [await newPerson(service), await newPerson(service)];
    const browser = await signedInBrowser(service, person);
    const started = app.start();
    const first = await browser.get(started.url);
    await becomes(browser, other.email);
    const consent = await browser.get(first.url);
    expect(consent.html).toContain(other.email);
    const answer = answerOf(await allow(browser, consent));
    expect(claimsOf((await app.redeem(answer, started)).body.access_token).sub).toBe(other.id);
  });

  it('the session ended: the person signs in again and is asked again', async () => {
    const person = await newPerson(service);
    const browser = await signedInBrowser(service, person);
    const consent = await browser.get(app.start().url);
    await signOutElsewhere(browser, person.id);
    const page = await yieldsNothing(() => allow(browser, consent));
    expect(pathOf(page)).toBe('/sign-in');
    expect(await service.get(ConsentStore).find(person.id, app.client.id)).toBeUndefined();
    expect(codeOf(await allow(browser, await signIn(browser, page, person)))).toBeDefined();
  });

  it('the person was disabled', async () => {
    const person = await newPerson(service);
    const browser = await signedInBrowser(service, person);
    const consent = await browser.get(app.start().url);
    await service.get(Accounts).setEnabled(person.id, false);
    expect(pathOf(await yieldsNothing(() => allow(browser, consent)))).toBe('/sign-in');
  });

  it.each([
    ['was disabled', (id: string) => service.get(ClientStore).setEnabled(id, false, now())],
    ['lost its redirect URI', (id: string) => update(id, { redirectUris: [`${REDIRECT_URI}/other`] })],
    ['lost the endpoint', (id: string) => update(id, { endpoints: ['token'] })],
    ['lost the grant type', (id: string) => update(id, { grantTypes: ['refresh_token'] })],
    ['lost a scope', (id: string) => update(id, { scopes: ['openid'] })],
  ])('the client %s: nothing is sent there', async (_, change) => {
    const own = await App.of(service, codeClient('public'));
    const browser = await signedInBrowser(service, await newPerson(service));
    const [consent, pushed] = [await browser.get(own.start().url), await own.push()];
    await change(own.client.id);
    await seeChanges(service);
    for (const visit of [() => allow(browser, consent), () => browser.get(consent.url), () => browser.get(pushed.url)])
      expectExpired(await yieldsNothing(visit));
  });

  it('the consent was withdrawn: it is asked for again', async () => {
    const person = await newPerson(service);
    const browser = await signedInBrowser(service, person);
    await allow(browser, await browser.get(app.start().url));
    await service.get(ConsentStore).withdraw(person.id, app.client.id, now());
    expect(pathOf(await browser.get(app.start().url))).toBe('/consent');
  });
});

async function update(id: string, changes: { redirectUris?: string[]; endpoints?: string[]; grantTypes?: string[]; scopes?: string[] }) {
  const client = await service.get(ClientStore).find(id);
  if (!client) throw new Error('The client is missing.');
  const { redirectUris = client.redirectUris, ...permissions } = changes;
  await service
    .get(ClientStore)
    .update({ ...client, redirectUris, permissions: { ...client.permissions, ...(permissions as object) } }, service.clock.now());
}

/** Another tab of the same browser, which keeps what it knows from here on to itself. */
function otherTab(browser: Browser): Browser {
  const tab = newBrowser(service);
  for (const [name, value] of browser.cookies) tab.cookies.set(name, value);
  return tab;
}

it('a page that nobody sent is nobody’s form', async () => {
  const browser = await signedInBrowser(service, await newPerson(service));
  const { fields } = formOf(await browser.get(app.start().url));
  expect(Object.keys(fields).sort()).toEqual(['csrf', 'ticket']);
});
