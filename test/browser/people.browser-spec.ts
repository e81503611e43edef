import { ConsentStore } from '../../src/storage/consent.store.js';
import { ScopeStore } from '../../src/storage/scope.store.js';
import { publicClient } from '../support/clients.js';
import { signUp } from '../support/protocol-client.js';
import { seriousViolations } from './support/accessibility.js';
import { fillIn, focused, signIn } from './support/person.js';
import { Stage } from './support/stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
  await stage.service
    .get(ScopeStore)
    .put({ name: 'todos:read', description: 'Read your to-do lists', resources: [] }, stage.service.clock.now());
});
afterAll(() => stage?.strike());

describe('Signing in', () => {
  it('by the right password, after a wrong one that is pointed out', () =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      await page.goto('/account');
      expect(page.url()).toContain('/sign-in?continue=');
      expect(await focused(page)).toBe('email');
      await fillIn(page, { email: person.email, password: 'not the password' });
      await page.keyboard.press('Enter');
      const alert = page.getByRole('alert');
      expect(await alert.textContent()).toBe('E-mail address or password is wrong.');
      // What was typed stays, but for the password, where to go on; whoever cannot see the message hears it there.
      expect(await page.getByLabel('E-mail address').inputValue()).toBe(person.email);
      expect(await page.getByLabel('Password').inputValue()).toBe('');
      expect(await focused(page)).toBe('password');
      expect(await page.getByLabel('Password').getAttribute('aria-describedby')).toBe(await alert.getAttribute('id'));
      expect(await seriousViolations(page)).toEqual([]);
      await page.keyboard.type(person.password);
      await page.keyboard.press('Enter');
      await page.waitForURL('**/account');
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Your account');
      expect(await seriousViolations(page)).toEqual([]);
    }));

  it('not while the account is locked, and says for how long', () =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      await page.goto('/sign-in');
      for (let n = 0; n < 7; n++) {
        await fillIn(page, { email: person.email, password: 'not the password' });
        await page.getByRole('button').click();
        await page.getByRole('alert').waitFor();
      }
      expect(await page.getByRole('alert').textContent()).toBe('Too many attempts. Try again in 30 seconds.');
      stage.service.clock.advance(30);
      await signIn(page, person);
    }));

  it('by keyboard alone, with every step to be seen', () =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      await page.goto('/sign-in');
      await page.keyboard.type(person.email);
      await page.keyboard.press('Tab');
      expect(await focused(page)).toBe('password');
      await page.keyboard.type(person.password);
      for (const next of ['Sign in', 'Create an account']) {
        await page.keyboard.press('Tab');
        expect(await focused(page)).toBe(next);
        expect(await page.evaluate('getComputedStyle(document.activeElement).outlineWidth')).toBe('3px');
      }
      await page.keyboard.press('Shift+Tab');
      await page.keyboard.press('Space');
      await page.waitForURL('**/account');
      // From the top: sign out, each session's button, the one for all others.
      const stops: string[] = [];
      for (let n = 0; n < 4; n++) {
        await page.keyboard.press('Tab');
        stops.push(await focused(page));
      }
      expect(stops).toEqual(['Sign out', 'end', 'end', 'end_others']);
      await page.keyboard.press('Enter');
      expect(await page.getByRole('status').textContent()).toBe('You are signed out everywhere else.');
    }));

  it('without JavaScript, on a narrow screen', () =>
    stage.journey({ javaScript: false, narrow: true }, async (page) => {
      await signIn(page, await signUp(stage.service.url));
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Your account');
      await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
      expect(await page.getByRole('status').isVisible()).toBe(true);
    }));

  it('in German, by Accept-Language', () =>
    stage.journey({ locale: 'de-DE' }, async (page) => {
      const person = await signUp(stage.service.url);
      await page.goto('/sign-in');
      expect(await page.locator('html').getAttribute('lang')).toBe('de');
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Anmelden');
      await fillIn(page, { email: person.email, password: 'falsch' });
      await page.getByRole('button', { name: 'Anmelden' }).click();
      expect(await page.getByRole('alert').textContent()).toBe('E-Mail-Adresse oder Passwort ist falsch.');
      await fillIn(page, person);
      await page.getByRole('button', { name: 'Anmelden' }).click();
      await page.waitForURL('**/account');
      expect(await page.getByText('Dieser Browser').isVisible()).toBe(true);
    }));

  it('for fields that password managers and browsers know', () =>
    stage.journey({}, async (page) => {
      const fields = async (): Promise<(string | null)[][]> =>
        Promise.all(
          (await page.locator('input:not([type=hidden])').all()).map((field) =>
            Promise.all([field.getAttribute('name'), field.getAttribute('type'), field.getAttribute('autocomplete')]),
          ),
        );
      await page.goto('/sign-in');
      expect(await fields()).toEqual([
        ['email', 'text', 'username'],
        ['password', 'password', 'current-password'],
      ]);
      await page.getByRole('link', { name: 'Create an account' }).click();
      expect(await fields()).toEqual([
        ['email', 'text', 'username'],
        ['displayName', 'text', 'name'],
        ['password', 'password', 'new-password'],
      ]);
    }));
});

describe('Registering', () => {
  it('after a password that everybody knows was refused in words', () =>
    stage.journey({}, async (page) => {
      await page.goto('/account');
      await page.getByRole('link', { name: 'Create an account' }).click();
      const newcomer = { email: `newcomer${Date.now()}@example.test`, password: 'password123' };
      await fillIn(page, newcomer);
      await page.getByLabel(/Your name/).fill('Grace Hopper');
      await page.getByRole('button', { name: 'Create account' }).click();
      expect(await page.getByRole('alert').textContent()).toContain('attackers try first');
      expect(await focused(page)).toBe('password');
      expect(await page.getByLabel(/Your name/).inputValue()).toBe('Grace Hopper');
      expect(await seriousViolations(page)).toEqual([]);
      await page.keyboard.type('four unrelated kettles sing');
      await page.keyboard.press('Enter');
      await page.waitForURL('**/account');
      expect(await page.getByText('Grace Hopper').isVisible()).toBe(true);
    }));
});

describe('The account page', () => {
  it('signs a device out and removes an app, each confirmed; going back does nothing twice', () =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      const app = await publicClient().with({ displayName: 'Kettle & Sparrows' }).register(stage.service);
      await stage.service.get(ConsentStore).allow(person.userId, app.id, ['email', 'todos:read'], stage.service.clock.now());
      await signIn(page, person);
      expect(await page.getByText('Chrome on Linux').isVisible()).toBe(true);
      await page.getByRole('button', { name: 'Sign out: First-party app' }).click();
      expect(await page.getByRole('status').textContent()).toBe('That device is signed out.');
      expect(await page.locator('[data-session]').count()).toBe(1);
      await page.reload();
      expect(await page.locator('[data-session]').count()).toBe(1);

      expect(await page.locator(`[data-app="${app.id}"]`).textContent()).toContain('Read your to-do lists');
      await page.getByRole('button', { name: 'Remove access: Kettle & Sparrows' }).click();
      expect(await page.getByRole('status').textContent()).toBe('The app has no access any more.');
      expect(await page.getByText('No app has access to your account.').isVisible()).toBe(true);
      await page.goBack();
      await page.goForward();
      expect(await page.locator('[data-app]').count()).toBe(0);

      await page.getByRole('button', { name: /^Sign out: Chrome/ }).click();
      await page.waitForURL('**/sign-in?*');
      await page.goBack();
      await page.waitForURL('**/sign-in?*'); // nothing of the account is shown again
    }));

  it('of another tab, in which somebody else has signed in since, is refused', () =>
    stage.journey({}, async (page) => {
      const [one, other] = [await signUp(stage.service.url), await signUp(stage.service.url)];
      await signIn(page, one);
      const tab = await page.context().newPage();
      await page.context().clearCookies({ name: 'countersign-session' });
      await signIn(tab, other);
      await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('This page has expired');
      await tab.reload();
      expect(await tab.locator('[data-session]').count()).toBe(2);
    }));
});
