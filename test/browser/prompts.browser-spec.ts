import type { Page } from 'playwright-core';
import { signUp } from '../support/protocol-client.js';
import { ClientSite, type SiteSignIn } from './support/client-site.js';
import { arrive, enter, fillIn, press } from './support/person.js';
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
const seconds = (): number => stage.service.clock.now().getTime() / 1000;

/** The person allows the site what it usually asks for, some time ago. */
async function allowed(page: Page): Promise<void> {
  const before = await site.begin();
  await before.start(page);
  await press(page, 'Allow');
  await before.tokens(page);
  stage.service.clock.advance(10);
}

/** Goes there; what the site got back without any page of ours. */
async function silently(page: Page, parameters: Readonly<Record<string, string>>): Promise<SiteSignIn> {
  const attempt = await site.begin(parameters);
  await attempt.start(page);
  await attempt.answer(page);
  return attempt;
}

describe('prompt=none (OpenID Connect Core §3.1.2.1)', () => {
  it('nobody is signed in: login_required; not asked yet: consent_required; else a code', () =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      const refusal = async () => (await (await silently(page, { prompt: 'none' })).answer(page)).parameters;
      expect(await refusal()).toMatchObject({ error: 'login_required', iss: stage.issuer });
      await stage.signIn(page, person);
      expect(await refusal()).toMatchObject({ error: 'consent_required', iss: stage.issuer });
      await allowed(page);
      const tokens = await (await silently(page, { prompt: 'none' })).tokens(page);
      expect(tokens.claims()?.sub).toBe(person.userId);
    }));
});

describe('prompt=login', () => {
  it('asks for the password though the person is signed in, and the id token says when', () =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      await stage.signIn(page, person);
      const signedInAt = seconds();
      await allowed(page);
      expect((await (await silently(page, {})).tokens(page)).claims()?.auth_time).toBe(signedInAt);
      const again = await site.begin({ prompt: 'login' });
      await again.start(page);
      await arrive(page, 'Sign in');
      expect(await page.getByLabel('E-mail address').inputValue()).toBe(person.email);
      stage.service.clock.advance(20);
      await page.getByLabel('Password').fill(person.password);
      await press(page, 'Sign in');
      expect((await again.tokens(page)).claims()).toMatchObject({ sub: person.userId, auth_time: signedInAt + 30 });
    }));
});

describe('prompt=consent', () => {
  it('asks once more what was allowed already', () =>
    stage.journey({}, async (page) => {
      await stage.signIn(page, await signUp(stage.service.url));
      await allowed(page);
      const again = await site.begin({ prompt: 'consent' });
      await again.start(page);
      await arrive(page, ASKS);
      await press(page, 'Allow');
      expect((await again.tokens(page)).scope).toBe('openid email');
    }));
});

describe('prompt=select_account', () => {
  it('goes on as who is signed in', () =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      await stage.signIn(page, person);
      await allowed(page);
      const attempt = await site.begin({ prompt: 'select_account' });
      await attempt.start(page);
      await arrive(page, 'Choose an account');
      await press(page, `Continue as ${person.email}`);
      expect((await attempt.tokens(page)).claims()?.sub).toBe(person.userId);
    }));

  it('or as somebody else, who signs in, and is asked about the app', () =>
    stage.journey({}, async (page) => {
      const [one, other] = [await signUp(stage.service.url), await signUp(stage.service.url)];
      await stage.signIn(page, one);
      await allowed(page);
      const attempt = await site.begin({ prompt: 'select_account' });
      await attempt.start(page);
      await arrive(page, 'Choose an account');
      await press(page, 'Use another account');
      await arrive(page, 'Sign in');
      expect(await page.getByLabel('E-mail address').inputValue()).toBe('');
      await enter(page, other);
      await arrive(page, ASKS);
      expect(await page.getByText(other.email).isVisible()).toBe(true);
      await press(page, 'Allow');
      expect((await attempt.tokens(page)).claims()?.sub).toBe(other.userId);
      await page.goto('/account');
      expect(await page.getByText(other.email).first().isVisible()).toBe(true);
    }));
});

describe('max_age', () => {
  it('a sign-in that is young enough will do; an older one is asked for again', () =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      await stage.signIn(page, person);
      await allowed(page);
      stage.service.clock.advance(100);
      const { auth_time: signedInAt = 0 } = (await (await silently(page, { max_age: '300' })).tokens(page)).claims() ?? {};
      expect(signedInAt).toBe(seconds() - 110);
      const attempt = await site.begin({ max_age: '60' });
      await attempt.start(page);
      await arrive(page, 'Sign in');
      await fillIn(page, person);
      await press(page, 'Sign in');
      expect((await attempt.tokens(page)).claims()).toMatchObject({ sub: person.userId, auth_time: seconds() });
    }));
});
