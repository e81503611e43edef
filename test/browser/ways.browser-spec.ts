import type { Page } from 'playwright-core';
import { signUp } from '../support/protocol-client.js';
import { ClientSite } from './support/client-site.js';
import { arrive, enter, fillIn, focused, press, pressTwice } from './support/person.js';
import { Stage } from './support/stage.js';

let stage: Stage;
let site: ClientSite;
beforeAll(async () => {
  stage = await Stage.set();
  site = await ClientSite.open(stage);
});
afterAll(async () => {
  await stage?.strike();
  await site?.close();
});

const ASKS = 'Kettle & Sparrows asks for access';
const EXPIRED = 'This page has expired';

describe('Back and reload', () => {
  it('every page can be looked at again, and a form that was answered is not sent twice', () =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      const attempt = await site.begin({ prompt: 'select_account consent' });
      await stage.signIn(page, person);
      stage.service.clock.advance(10);
      await attempt.start(page);
      for (const heading of ['Choose an account', ASKS]) {
        await arrive(page, heading);
        await page.reload();
        await arrive(page, heading);
        await press(page, heading === ASKS ? 'Allow' : `Continue as ${person.email}`);
      }
      expect((await attempt.tokens(page)).claims()?.sub).toBe(person.userId);
      await page.reload(); // the app's own affair: nothing new comes of it
      expect(new Set(attempt.answers.map(({ parameters }) => parameters['code'])).size).toBe(1);
    }));

  it('back after a wrong password, and after the right one, the way goes on where it was', () =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      const attempt = await site.begin();
      await attempt.start(page);
      await enter(page, { ...person, password: 'not the password' });
      await page.getByRole('alert').waitFor();
      await page.goBack();
      await enter(page, person);
      await arrive(page, ASKS);
      await page.goBack(); // to the sign-in page, which has nothing left to do
      await arrive(page, ASKS);
      await press(page, 'Allow');
      expect((await attempt.tokens(page)).claims()?.sub).toBe(person.userId);
    }));

  it('back after consent leads to the app again, with a code that is good', () =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      await stage.signIn(page, person);
      const attempt = await site.begin();
      await attempt.start(page);
      await arrive(page, ASKS);
      await press(page, 'Allow');
      const { parameters: first } = await attempt.answer(page);
      await page.goBack();
      const { parameters: second } = await attempt.answer(page);
      expect(attempt.answers).toHaveLength(2);
      expect(second['code']).not.toBe(first['code']);
      expect((await attempt.tokens(page)).claims()?.sub).toBe(person.userId);
    }));

  it('back after a no: the person may think again', () =>
    stage.journey({}, async (page) => {
      await stage.signIn(page, await signUp(stage.service.url));
      const attempt = await site.begin();
      await attempt.start(page);
      await arrive(page, ASKS);
      await press(page, 'Do not allow');
      expect((await attempt.answer(page)).parameters['error']).toBe('access_denied');
      await page.goBack();
      await arrive(page, ASKS);
      await press(page, 'Allow');
      expect((await attempt.tokens(page)).scope).toBe('openid email');
    }));
});

describe('A double click', () => {
  it.each([false, true])('signs in once, and comes to one good code (pushed: %s)', (pushed) =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      const attempt = await site.begin({}, { pushed });
      await attempt.start(page);
      await arrive(page, 'Sign in');
      await fillIn(page, person);
      await page.getByRole('button', { name: 'Sign in' }).dblclick();
      await arrive(page, ASKS);
      const allow = page.getByRole('button', { name: 'Allow', exact: true });
      // A pushed request is good for one code: where the first click counted, the second is too late, as below.
      await (pushed ? allow.click() : allow.dblclick());
      expect((await attempt.tokens(page)).claims()?.sub).toBe(person.userId);
      expect(attempt.answers).toHaveLength(1);
      await page.goto('/account');
      await arrive(page, 'Your account');
      // This browser, and the app of the registration; the click that Chromium took back may have signed in before it did.
      expect([2, 3]).toContain(await page.locator('[data-session]').count());
    }),
  );
});

describe('A form that is sent twice', () => {
  it('signs in once, and comes to one good code', () =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      const attempt = await site.begin();
      await attempt.start(page);
      await fillIn(page, person);
      await pressTwice(page, 'Sign in');
      await arrive(page, ASKS);
      await pressTwice(page, 'Allow');
      expect((await attempt.tokens(page)).claims()?.sub).toBe(person.userId);
      await page.goto('/account');
      expect([2, 3]).toContain(await page.locator('[data-session]').count());
    }));

  it('is too late the second time if the app had pushed its request, which is good for one code (RFC 9126 §2.2)', () =>
    stage.journey({}, async (page) => {
      await stage.signIn(page, await signUp(stage.service.url));
      const [attempt, again] = [await site.begin({}, { pushed: true }), await site.begin({}, { pushed: true })];
      await attempt.start(page);
      await pressTwice(page, 'Allow');
      await arrive(page, EXPIRED);
      await again.start(page);
      expect((await again.tokens(page)).scope).toBe('openid email'); // the first click has counted
    }));
});

describe('Whoever takes half an hour', () => {
  it.each([
    ['to sign in', 'Sign in', async (page: Page) => press(page, 'Sign in')],
    ['to agree', ASKS, async (page: Page) => press(page, 'Allow')],
  ])('%s is told that the page has expired, and how to go on: from the app', (_, heading, answer) =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      if (heading === ASKS) await stage.signIn(page, person);
      const [late, again] = [await site.begin(), await site.begin()];
      await late.start(page);
      await arrive(page, heading);
      if (heading !== ASKS) await fillIn(page, person);
      stage.service.clock.advance(1800);
      await answer(page);
      await arrive(page, EXPIRED);
      expect(await page.getByText('Go back to the app you came from and start again.').isVisible()).toBe(true);
      expect(late.answers).toEqual([]);
      await page.reload();
      await arrive(page, EXPIRED);
      await again.start(page);
      if (heading !== ASKS) await enter(page, person);
      await press(page, 'Allow');
      expect((await again.tokens(page)).claims()?.sub).toBe(person.userId);
    }),
  );
});

describe('The whole way', () => {
  it('by keyboard alone', () =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      const attempt = await site.begin();
      await attempt.start(page);
      await arrive(page, 'Sign in');
      expect(await focused(page)).toBe('email');
      await page.keyboard.type(person.email);
      await page.keyboard.press('Tab');
      await page.keyboard.type(person.password);
      await page.keyboard.press('Tab');
      expect(await focused(page)).toBe('Sign in');
      await page.keyboard.press('Enter');
      await arrive(page, ASKS);
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Allow');
      expect(await page.evaluate('getComputedStyle(document.activeElement).outlineWidth')).toBe('3px');
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Do not allow');
      await page.keyboard.press('Shift+Tab');
      await page.keyboard.press('Enter');
      expect((await attempt.tokens(page)).claims()?.sub).toBe(person.userId);
    }));

  it('without JavaScript, on a narrow screen, by POST', () =>
    stage.journey({ javaScript: false, narrow: true }, async (page) => {
      const person = await signUp(stage.service.url);
      const attempt = await site.begin({ response_mode: 'form_post' });
      await attempt.start(page);
      await enter(page, person);
      await arrive(page, ASKS);
      await press(page, 'Allow');
      await arrive(page, 'One moment');
      await press(page, 'Continue');
      expect((await attempt.tokens(page)).claims()?.sub).toBe(person.userId);
    }));
});
