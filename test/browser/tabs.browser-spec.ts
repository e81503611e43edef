import type { Page } from 'playwright-core';
import { signUp } from '../support/protocol-client.js';
import { ClientSite, type SiteSignIn } from './support/client-site.js';
import { arrive, enter, fillIn, press, signIn, type Person } from './support/person.js';
import { Stage } from './support/stage.js';

let stage: Stage;
let kettle: ClientSite;
let photos: ClientSite;
beforeAll(async () => {
  stage = await Stage.set();
  kettle = await ClientSite.open(stage);
  photos = await ClientSite.open(stage, { name: 'Photo Printer' });
});
afterAll(async () => {
  await stage?.strike();
  await kettle?.close();
  await photos?.close();
});

const ASKS = 'Kettle & Sparrows asks for access';
const subjectOf = async (attempt: SiteSignIn, tab: Page): Promise<string | undefined> => (await attempt.tokens(tab)).claims()?.sub;

/** In a tab: who is signed in leaves, and somebody else comes. */
async function becomes(tab: Page, person: Person): Promise<void> {
  await tab.goto('/account');
  await tab.getByRole('link', { name: 'Sign out' }).click();
  await arrive(tab, 'Sign out?');
  await press(tab, 'Sign out');
  await arrive(tab, 'You are signed out');
  await signIn(tab, person);
}

describe('Two tabs', () => {
  it.each([
    ['one app', 'as they were opened', () => [kettle, kettle], [0, 1]],
    ['one app', 'the other way round', () => [kettle, kettle], [1, 0]],
    ['two apps', 'as they were opened', () => [kettle, photos], [0, 1]],
    ['two apps', 'the other way round', () => [kettle, photos], [1, 0]],
  ] as const)('of %s, finished %s: each gets its own answer', (_, __, sites, order) =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      const ways = await Promise.all(
        sites().map(async (site, n) => ({
          attempt: await site.begin({ scope: n === 0 ? 'openid email' : 'openid roles' }),
          tab: n === 0 ? page : await page.context().newPage(),
          scope: n === 0 ? 'openid email' : 'openid roles',
        })),
      );
      for (const { attempt, tab } of ways) {
        await attempt.start(tab);
        await arrive(tab, 'Sign in');
      }
      // Signing in in one tab serves both: in the other, whoever types the password again is let through, too.
      for (const n of order) await enter((ways[n] as (typeof ways)[0]).tab, person);
      for (const n of order) {
        const { attempt, tab, scope } = ways[n] as (typeof ways)[0];
        await arrive(tab, /asks for access$/);
        await press(tab, 'Allow');
        const tokens = await attempt.tokens(tab);
        expect([tokens.claims()?.sub, tokens.scope]).toEqual([person.userId, scope]);
      }
      expect(ways.map(({ attempt }) => attempt.answers.length)).toEqual([1, 1]);
      await page.goto('/account');
      expect(await page.locator('[data-session]:has(.badge)').count()).toBe(1);
      expect(await page.locator('[data-session]').count()).toBe(2); // with the app of the registration
    }),
  );

  it('signed in in one, the other goes on when it is looked at again', () =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      const attempt = await kettle.begin();
      await attempt.start(page);
      await arrive(page, 'Sign in');
      await signIn(await page.context().newPage(), person);
      await page.reload();
      await arrive(page, ASKS);
      await press(page, 'Allow');
      expect(await subjectOf(attempt, page)).toBe(person.userId);
    }));
});

describe('Somebody else signs in in another tab', () => {
  it('while this one asks for consent: nobody answers for the other, who is shown what is asked', () =>
    stage.journey({}, async (page) => {
      const [one, other] = [await signUp(stage.service.url), await signUp(stage.service.url)];
      await stage.signIn(page, one);
      const attempt = await kettle.begin();
      await attempt.start(page);
      await arrive(page, ASKS);
      expect(await page.getByText(one.email).isVisible()).toBe(true);
      const tab = await page.context().newPage();
      await becomes(tab, other);
      await press(page, 'Allow');
      await arrive(page, 'This page has expired');
      expect(attempt.answers).toEqual([]);
      await page.getByRole('link', { name: 'Try again' }).click();
      await arrive(page, ASKS);
      expect(await page.getByText(other.email).isVisible()).toBe(true);
      expect(await page.getByText(one.email).count()).toBe(0);
      await press(page, 'Allow');
      expect(await subjectOf(attempt, page)).toBe(other.userId);
    }));

  it('though they have allowed the app before: no code is handed out by the click of the one before', () =>
    stage.journey({}, async (page) => {
      const [one, other] = [await signUp(stage.service.url), await signUp(stage.service.url)];
      await stage.signIn(page, other);
      const before = await kettle.begin();
      await before.start(page);
      await press(page, 'Allow');
      await before.tokens(page);
      await stage.signIn(page, one);
      const attempt = await kettle.begin({ prompt: 'consent' });
      await attempt.start(page);
      await arrive(page, ASKS);
      await stage.signIn(page, other);
      await press(page, 'Do not allow');
      await arrive(page, 'This page has expired');
      expect(attempt.answers).toEqual([]);
    }));

  it('while this one asks for the password: who types it here is whom the app gets, and whom the browser knows', () =>
    stage.journey({}, async (page) => {
      const [one, other] = [await signUp(stage.service.url), await signUp(stage.service.url)];
      const attempt = await kettle.begin();
      await attempt.start(page);
      await arrive(page, 'Sign in');
      const tab = await page.context().newPage();
      await signIn(tab, other);
      await fillIn(page, one);
      await press(page, 'Sign in');
      await arrive(page, ASKS);
      expect(await page.getByText(one.email).isVisible()).toBe(true);
      await press(page, 'Allow');
      expect(await subjectOf(attempt, page)).toBe(one.userId);
      await tab.reload();
      await arrive(tab, 'Your account');
      expect(await tab.getByText(one.email).first().isVisible()).toBe(true);
    }));

  it('while this one asks which account: the page is asked again of whoever is there now', () =>
    stage.journey({}, async (page) => {
      const [one, other] = [await signUp(stage.service.url), await signUp(stage.service.url)];
      await stage.signIn(page, one);
      stage.service.clock.advance(10);
      const attempt = await kettle.begin({ prompt: 'select_account' });
      await attempt.start(page);
      await arrive(page, 'Choose an account');
      await stage.signIn(page, other);
      await press(page, `Continue as ${one.email}`);
      await arrive(page, 'This page has expired');
      await page.getByRole('link', { name: 'Try again' }).click();
      await arrive(page, ASKS); // who has just signed in has chosen
      expect(await page.getByText(other.email).isVisible()).toBe(true);
    }));

  it('and this one signs nobody out', () =>
    stage.journey({}, async (page) => {
      const [one, other] = [await signUp(stage.service.url), await signUp(stage.service.url)];
      await stage.signIn(page, one);
      await page.goto('/sign-out');
      await arrive(page, 'Sign out?');
      const tab = await page.context().newPage();
      await becomes(tab, other);
      await press(page, 'Sign out');
      await arrive(page, 'This page has expired');
      await tab.reload();
      await arrive(tab, 'Your account');
      expect(await tab.getByText(other.email).first().isVisible()).toBe(true);
      await page.getByRole('link', { name: 'Try again' }).click();
      await arrive(page, 'Sign out?');
      expect(await page.getByText(other.email).isVisible()).toBe(true);
    }));
});
