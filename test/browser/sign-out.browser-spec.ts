import * as openid from 'openid-client';
import type { Page } from 'playwright-core';
import { signUp } from '../support/protocol-client.js';
import { ClientSite } from './support/client-site.js';
import { arrive, press } from './support/person.js';
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

/** Somebody who is signed in at the site; the id token it got. */
async function signInAtSite(page: Page): Promise<{ readonly idToken: string; readonly accessToken: string }> {
  await stage.signIn(page, await signUp(stage.service.url));
  const attempt = await site.begin();
  await attempt.start(page);
  await press(page, 'Allow');
  const { id_token: idToken = '', access_token: accessToken } = await attempt.tokens(page);
  return { idToken, accessToken };
}

/** Where the site sends people who press its own button for signing out. */
const endSession = (parameters: Readonly<Record<string, string>>): string =>
  openid.buildEndSessionUrl(site.config(), { post_logout_redirect_uri: site.signedOutUri, state: 'a b&c', ...parameters }).href;

async function expectBackAtSite(page: Page): Promise<void> {
  await page.waitForURL(`${site.signedOutUri}?*`);
  expect(new URL(page.url()).searchParams.get('state')).toBe('a b&c');
}

async function isSignedIn(page: Page): Promise<boolean> {
  const silent = await site.begin({ prompt: 'none' });
  await silent.start(page);
  const { parameters } = await silent.answer(page);
  if (parameters['error'] !== undefined) expect(parameters['error']).toBe('login_required');
  return parameters['code'] !== undefined;
}

describe('Signing out for an app (OpenID Connect RP-Initiated Logout 1.0)', () => {
  it('by a link with the id token: at once, back to the app with its state', () =>
    stage.journey({}, async (page) => {
      const { idToken, accessToken } = await signInAtSite(page);
      expect(await isSignedIn(page)).toBe(true);
      await site.leadTo(page, endSession({ id_token_hint: idToken }));
      await expectBackAtSite(page);
      expect(await isSignedIn(page)).toBe(false);
      expect(await site.isActive(accessToken)).toBe(false);
    }));

  it('by a form with the id token, which comes without cookies', () =>
    stage.journey({}, async (page) => {
      const { idToken } = await signInAtSite(page);
      await site.send(page, endSession({ id_token_hint: idToken }));
      await expectBackAtSite(page);
      expect(await isSignedIn(page)).toBe(false);
    }));

  it('without an id token the person is asked, and may stay', () =>
    stage.journey({ narrow: true }, async (page) => {
      const { accessToken } = await signInAtSite(page);
      await site.leadTo(page, endSession({}));
      await arrive(page, 'Sign out?');
      await press(page, 'Stay signed in');
      await arrive(page, 'Your account');
      expect(await isSignedIn(page)).toBe(true);
      expect(await site.isActive(accessToken)).toBe(true);
    }));

  it('without an id token the person is asked, and leaves; the page can be looked at again, the form be sent twice', () =>
    stage.journey({}, async (page) => {
      await signInAtSite(page);
      await site.leadTo(page, endSession({}));
      await arrive(page, 'Sign out?');
      await page.reload();
      await arrive(page, 'Sign out?');
      await page.getByRole('button', { name: 'Sign out', exact: true }).dblclick();
      await expectBackAtSite(page);
      expect(await isSignedIn(page)).toBe(false);
    }));

  it('back afterwards shows nothing of the account', () =>
    stage.journey({}, async (page) => {
      const { idToken } = await signInAtSite(page);
      await page.goto('/account');
      await arrive(page, 'Your account');
      await site.leadTo(page, endSession({ id_token_hint: idToken }));
      await expectBackAtSite(page);
      await page.goBack(); // the site's page
      await page.goBack();
      await arrive(page, 'Sign in');
    }));

  it('the id token of somebody else signs nobody out unasked', () =>
    stage.journey({}, async (page) => {
      const { idToken } = await signInAtSite(page);
      await signInAtSite(page);
      await site.leadTo(page, endSession({ id_token_hint: idToken }));
      await arrive(page, 'Sign out?');
      expect(await isSignedIn(page)).toBe(true);
    }));

  it('to an address that the app has not registered leads nowhere', () =>
    stage.journey({}, async (page) => {
      const { idToken } = await signInAtSite(page);
      await site.leadTo(page, endSession({ id_token_hint: idToken, post_logout_redirect_uri: `${site.signedOutUri}/else` }));
      await arrive(page, 'Something went wrong');
      expect(page.url().startsWith(stage.issuer)).toBe(true);
      expect(await isSignedIn(page)).toBe(true);
    }));
});

describe('Signing out by oneself', () => {
  it('from the account page, by keyboard, without JavaScript', () =>
    stage.journey({ javaScript: false }, async (page) => {
      await stage.signIn(page, await signUp(stage.service.url));
      await page.goto('/account');
      await arrive(page, 'Your account');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await arrive(page, 'Sign out?');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await arrive(page, 'You are signed out');
      await page.reload();
      await arrive(page, 'You are signed out');
      await page.goto('/account');
      await arrive(page, 'Sign in');
    }));
});
