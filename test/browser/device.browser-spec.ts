import * as openid from 'openid-client';
import type { Page } from 'playwright-core';
import { ScopeStore } from '../../src/storage/scope.store.js';
import { DEVICE_CODE, deviceClient } from '../device/support/device-flow.js';
import { signUp } from '../support/protocol-client.js';
import { arrive, enter, press, pressTwice } from './support/person.js';
import { Stage } from './support/stage.js';

/* The device speaks openid-client as it comes; the person answers it with a browser. */
let stage: Stage;
let television: openid.Configuration;
beforeAll(async () => {
  stage = await Stage.set({ issuance: { deviceInterval: 1 } });
  await stage.service
    .get(ScopeStore)
    .put({ name: 'todos:read', description: 'Read your to-do lists', resources: [] }, stage.service.clock.now());
  const { id } = await deviceClient().register(stage.service);
  television = await openid.discovery(new URL(stage.issuer), id, undefined, openid.None(), {
    execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
  });
});
afterAll(() => stage?.strike());

const start = () => openid.initiateDeviceAuthorization(television, { scope: 'openid email todos:read' });
type Shown = Awaited<ReturnType<typeof start>>;

/** What the device is told when it asks once, now that its interval has passed. */
async function toldNow({ device_code: code }: Shown): Promise<string | undefined> {
  stage.service.clock.advance(1);
  const refusal = await openid.genericGrantRequest(television, DEVICE_CODE, { device_code: code }).then(
    () => undefined,
    (error: unknown) => (error as openid.ResponseBodyError).error,
  );
  stage.service.clock.advance(1);
  return refusal;
}

async function expectTokensFor(userId: string, shown: Shown): Promise<void> {
  const tokens = await openid.pollDeviceAuthorizationGrant(television, shown);
  expect(tokens.claims()).toMatchObject({ sub: userId, amr: ['pwd'] });
  expect(tokens.scope).toBe('openid email todos:read');
}

async function type(page: Page, code: string): Promise<void> {
  await arrive(page, 'Connect a device');
  await page.getByLabel('Code').fill(code);
  await press(page, 'Continue');
}

describe('A device is connected (RFC 8628)', () => {
  it.each([
    ['as it is shown', (code: string) => code],
    ['in lower case, without the dash', (code: string) => code.replace('-', '').toLowerCase()],
  ])('by its code, typed %s, after a sign-in', (_, typed) =>
    stage.journey({ narrow: true }, async (page) => {
      const person = await signUp(stage.service.url);
      const shown = await start();
      await page.goto(new URL(shown.verification_uri).pathname);
      await enter(page, person);
      await type(page, typed(shown.user_code));
      await arrive(page, 'Connect this device?');
      for (const text of ['Living room TV', shown.user_code, person.email, 'Read your to-do lists'])
        expect(await page.getByText(text).first().isVisible()).toBe(true);
      expect(await toldNow(shown)).toBe('authorization_pending');
      await press(page, 'Connect');
      await arrive(page, 'Your device is connected');
      await expectTokensFor(person.userId, shown);
    }),
  );

  it('by the complete link: looked at, it allows nothing; the person compares and says yes', () =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      const shown = await start();
      await page.goto(shown.verification_uri_complete ?? '');
      expect(await page.getByText('Living room TV').count()).toBe(0); // not before the sign-in
      await enter(page, person);
      await arrive(page, 'Connect this device?');
      expect(await page.getByText(shown.user_code).isVisible()).toBe(true);
      await page.reload();
      await arrive(page, 'Connect this device?');
      expect(await toldNow(shown)).toBe('authorization_pending');
      await press(page, 'Connect');
      await arrive(page, 'Your device is connected');
      await expectTokensFor(person.userId, shown);
      await page.goto('/account');
      await arrive(page, 'Your account');
      expect(await page.getByText('Living room TV').first().isVisible()).toBe(true);
    }));

  it('by keyboard alone, without JavaScript', () =>
    stage.journey({ javaScript: false }, async (page) => {
      const person = await signUp(stage.service.url);
      await stage.signIn(page, person);
      const shown = await start();
      await page.goto('/activate');
      await arrive(page, 'Connect a device');
      await page.keyboard.type(shown.user_code);
      await page.keyboard.press('Enter');
      await arrive(page, 'Connect this device?');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await arrive(page, 'Your device is connected');
      await expectTokensFor(person.userId, shown);
    }));
});

describe('A device is not connected', () => {
  it('by a wrong code, which is pointed out and can be corrected', () =>
    stage.journey({}, async (page) => {
      await stage.signIn(page, await signUp(stage.service.url));
      const shown = await start();
      await page.goto('/activate');
      await type(page, 'BCDF-GHJK');
      const alert = page.getByRole('alert');
      expect(await alert.textContent()).toBe('This code is wrong, or has expired. Look at your device again.');
      expect(await page.getByLabel('Code').inputValue()).toBe('BCDF-GHJK');
      expect(await page.getByLabel('Code').getAttribute('aria-describedby')).toBe(await alert.getAttribute('id'));
      await type(page, shown.user_code);
      await arrive(page, 'Connect this device?');
    }));

  it('when the person says no', () =>
    stage.journey({}, async (page) => {
      await stage.signIn(page, await signUp(stage.service.url));
      const shown = await start();
      await page.goto(shown.verification_uri_complete ?? '');
      await arrive(page, 'Connect this device?');
      await press(page, 'Do not connect');
      await arrive(page, 'Not connected');
      await expect(openid.pollDeviceAuthorizationGrant(television, shown)).rejects.toMatchObject({ error: 'access_denied' });
    }));

  it('when it took too long', () =>
    stage.journey({}, async (page) => {
      await stage.signIn(page, await signUp(stage.service.url));
      const shown = await start();
      await page.goto(shown.verification_uri_complete ?? '');
      await arrive(page, 'Connect this device?');
      stage.service.clock.advance(600);
      await press(page, 'Connect');
      await arrive(page, 'Connect a device');
      expect(await page.getByRole('alert').isVisible()).toBe(true);
      expect(await toldNow(shown)).toBe('expired_token');
    }));

  it('by a page of which somebody else has become the reader', () =>
    stage.journey({}, async (page) => {
      const [one, other] = [await signUp(stage.service.url), await signUp(stage.service.url)];
      await stage.signIn(page, one);
      const shown = await start();
      await page.goto(shown.verification_uri_complete ?? '');
      await arrive(page, 'Connect this device?');
      await stage.signIn(page, other);
      await press(page, 'Connect');
      await arrive(page, 'This page has expired');
      expect(await toldNow(shown)).toBe('authorization_pending');
      await page.getByRole('link', { name: 'Try again' }).click();
      await arrive(page, 'Connect this device?');
      expect(await page.getByText(other.email).isVisible()).toBe(true);
    }));
});

describe('An answer to a device', () => {
  it('counts once: a second click, reload and back do nothing, and say so', () =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      await stage.signIn(page, person);
      const shown = await start();
      await page.goto(shown.verification_uri_complete ?? '');
      await arrive(page, 'Connect this device?');
      await pressTwice(page, 'Connect');
      const USED = 'This code has been answered already, or has expired. Your device shows whether it is connected.';
      expect(await page.getByRole('alert').textContent()).toBe(USED);
      await expectTokensFor(person.userId, shown);
    }));

  it('can be looked at again, as each page before it', () =>
    stage.journey({}, async (page) => {
      await stage.signIn(page, await signUp(stage.service.url));
      const shown = await start();
      await page.goto('/activate');
      await type(page, 'BCDF-GHJK');
      await page.getByRole('alert').waitFor();
      await page.reload();
      await type(page, shown.user_code);
      await arrive(page, 'Connect this device?');
      await page.goBack();
      await arrive(page, 'Connect a device');
      await page.goForward();
      await arrive(page, 'Connect this device?');
      await page.reload();
      await press(page, 'Connect');
      await arrive(page, 'Your device is connected');
      await page.reload();
      await arrive(page, 'Your device is connected');
      await page.goBack();
      await arrive(page, 'Connect a device');
      expect(await page.getByRole('alert').isVisible()).toBe(true);
    }));
});
