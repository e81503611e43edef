import type { BrowserContext, Page } from 'playwright-core';
import { signUp } from '../support/protocol-client.js';
import { ExampleApp, newKey } from './support/example-app.js';
import { arrive, enter, press, signIn } from './support/person.js';
import { Stage } from './support/stage.js';

/** Seconds: beyond the lifetime of an access token. */
const EXPIRED = 901;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage?.strike());

/** What the page is like with somebody, and without. */
const isSignedIn = (page: Page): Promise<void> => page.getByText(/^Signed in until/).waitFor();
const isAnonymous = (page: Page): Promise<void> => page.getByRole('link', { name: 'Sign in' }).waitFor();

/** As the page's script does it. */
const statuses = (page: Page, count: number): Promise<number[]> =>
  page.evaluate<number[]>(`Promise.all(Array.from({ length: ${count} }, () =>
    fetch('/api/todos', { headers: { 'X-CSRF': '1' } }).then(({ status }) => status)))`);

describe.each(['cookie', 'postgres'] as const)('A web app with sessions (examples/web-app): %s store', (store) => {
  let app: ExampleApp;
  let context: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    app = await ExampleApp.open(stage, store);
  });
  afterAll(() => app?.close());
  beforeEach(async () => {
    context = await stage.context();
    page = await context.newPage();
  });
  afterEach(() => context.close());

  /** By somebody new, whom the service knows already. */
  async function signInToApp(): Promise<Awaited<ReturnType<typeof signUp>>> {
    const person = await signUp(stage.service.url);
    await stage.signIn(page, person);
    await page.goto(`${app.url}/session/login`);
    await press(page, 'Allow');
    await isSignedIn(page);
    return person;
  }

  it('from signing in over an expired access token to signing out; no token reaches the browser (R43)', async () => {
    const person = await signUp(stage.service.url);
    await page.goto(app.url);
    await page.getByRole('link', { name: 'Sign in' }).click();
    await enter(page, person);
    await arrive(page, 'Todo web app asks for access');
    await press(page, 'Allow');
    await isSignedIn(page);
    expect(await page.getByText(`Hello, ${person.email}.`).isVisible()).toBe(true);
    await page.getByLabel('What to do').fill('buy <b>milk</b>');
    await press(page, 'Add');
    await page.getByRole('listitem').filter({ hasText: 'buy <b>milk</b>' }).waitFor();
    await page.reload();
    await isSignedIn(page);

    const issued = await app.tokensIssued();
    stage.service.clock.advance(EXPIRED);
    expect(new Set(await statuses(page, 50))).toEqual(new Set([200]));
    expect(await app.tokensIssued()).toBe(issued + 1);
    await page.reload();
    await page.getByRole('listitem').filter({ hasText: 'milk' }).waitFor();

    expect(await page.evaluate<unknown[]>('[document.cookie, localStorage.length, sessionStorage.length]')).toEqual(['', 0, 0]);
    const before = await context.cookies(app.url);
    await press(page, 'Sign out');
    await isAnonymous(page);
    expect(page.url()).toBe(`${app.url}/`);
    await context.addCookies(before);
    await page.reload();
    await isAnonymous(page);
    expect(await statuses(page, 1)).toEqual([401]);
    expect(app.leaks).toEqual([]);
  });

  it('keys are rotated: people stay signed in as long as a key of theirs is there', async () => {
    await signInToApp();
    const key = newKey();
    await app.restart([key, ...app.keys]);
    await page.reload();
    await isSignedIn(page);
    stage.service.clock.advance(EXPIRED); // the next refresh is written under the new key, wherever it is kept
    await page.reload();
    await isSignedIn(page);
    await app.restart([key]);
    await page.reload();
    await isSignedIn(page);
    await app.restart(app.keys);
    await page.reload();
    // An id in a cookie needs no key; what it leads to does.
    await isAnonymous(page);
  });

  // A browser sees no difference there; test/session has it for both.
  if (store === 'postgres') return;

  it('signed out everywhere on the account page of another browser: nobody at the next request', async () => {
    const person = await signInToApp();
    const phone = await (await stage.context()).newPage();
    await signIn(phone, person);
    const told = app.toldOfLogout();
    await press(phone, 'Sign out everywhere else');
    await told;
    await phone.context().close();
    await page.getByLabel('What to do').fill('be somebody');
    await press(page, 'Add');
    await isAnonymous(page);
  });

  it('two tabs: both sign in, one signs out, and the other is signed out', async () => {
    const person = await signUp(stage.service.url);
    const tabs = [page, await context.newPage()];
    for (const tab of tabs) await tab.goto(`${app.url}/session/login`);
    for (const tab of tabs) await enter(tab, person);
    for (const tab of tabs) {
      await press(tab, 'Allow');
      await isSignedIn(tab);
    }
    const [one = page, other = page] = tabs;
    expect(await Promise.all(tabs.map((tab) => statuses(tab, 5)))).toEqual(tabs.map(() => [200, 200, 200, 200, 200]));
    await press(one, 'Sign out');
    await isAnonymous(one);
    await other.getByLabel('What to do').fill('go on');
    await press(other, 'Add');
    await isAnonymous(other);
    await other.getByRole('link', { name: 'Sign in' }).click();
    await enter(other, person);
    await isSignedIn(other);
    await one.reload();
    await isSignedIn(one);
  });
});
