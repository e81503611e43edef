import type { Page } from 'playwright-core';
import { signUp } from '../support/protocol-client.js';
import { ClientSite, type SiteSignIn } from './support/client-site.js';
import { arrive, enter, press } from './support/person.js';
import { Stage } from './support/stage.js';

let stage: Stage;
let site: ClientSite;
let native: ClientSite;
beforeAll(async () => {
  stage = await Stage.set();
  site = await ClientSite.open(stage);
  native = await ClientSite.open(stage, { name: 'Command line', type: 'public' });
});
afterAll(async () => {
  await stage?.strike();
  await site?.close();
  await native?.close();
});

const ASKS = 'Kettle & Sparrows asks for access';

async function through(page: Page, attempt: SiteSignIn): Promise<void> {
  await attempt.start(page);
  await arrive(page, ASKS);
  await press(page, 'Allow');
}

describe('The answer', () => {
  it.each([
    ['query', 'GET', false],
    ['query', 'GET', true],
    ['form_post', 'POST', false],
    ['form_post', 'POST', true],
  ] as const)('by %s comes by %s (pushed: %s)', (mode, method, pushed) =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      await stage.signIn(page, person);
      const attempt = await site.begin({ response_mode: mode }, { pushed });
      await through(page, attempt);
      const answer = await attempt.answer(page);
      expect([answer.method, Object.keys(answer.parameters).sort()]).toEqual([method, ['code', 'iss', 'state']]);
      expect((await attempt.tokens(page)).claims()?.sub).toBe(person.userId);
      if (mode === 'form_post') expect(new URL(page.url()).search).toBe(''); // no code in the history
    }),
  );

  it('by form_post is not sent again by going back, nor is a no lost on the way', () =>
    stage.journey({}, async (page) => {
      await stage.signIn(page, await signUp(stage.service.url));
      const attempt = await site.begin({ response_mode: 'form_post' });
      await attempt.start(page);
      await arrive(page, ASKS);
      await press(page, 'Do not allow');
      const { method, parameters } = await attempt.answer(page);
      expect([method, parameters]).toMatchObject(['POST', { error: 'access_denied', state: attempt.state, iss: stage.issuer }]);
      await page.goBack();
      await arrive(page, ASKS);
      expect(attempt.answers).toHaveLength(1);
    }));

  it('to a request that another site’s form brought, which comes without cookies', () =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      await stage.signIn(page, person);
      const attempt = await site.begin();
      await site.send(page, attempt.url);
      await arrive(page, ASKS); // signed in all the same
      await press(page, 'Allow');
      expect((await attempt.tokens(page)).claims()?.sub).toBe(person.userId);
    }));

  it('to a public app on this machine is asked for each time (RFC 8252 §8.6)', () =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      await stage.signIn(page, person);
      for (let n = 0; n < 2; n++) {
        const attempt = await native.begin();
        await attempt.start(page);
        await arrive(page, 'Command line asks for access');
        await press(page, 'Allow');
        expect((await attempt.tokens(page)).claims()?.sub).toBe(person.userId);
      }
    }));

  it('comes in the language that the app asks for', () =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      const attempt = await site.begin({ ui_locales: 'fr de', login_hint: person.email });
      await attempt.start(page);
      await arrive(page, 'Anmelden');
      expect(await page.getByLabel('E-Mail-Adresse').inputValue()).toBe(person.email);
      await page.getByLabel('Passwort').fill(person.password);
      await press(page, 'Anmelden');
      await arrive(page, 'Kettle & Sparrows bittet um Zugriff');
      await press(page, 'Erlauben');
      expect((await attempt.tokens(page)).claims()?.sub).toBe(person.userId);
    }));
});

describe('A request with a fault', () => {
  it.each<[name: string, fault: (url: URL) => void]>([
    ['of an unknown app', (url) => url.searchParams.set('client_id', 'nobody')],
    ['without an app', (url) => url.searchParams.delete('client_id')],
    ['to an address that is not registered', (url) => url.searchParams.set('redirect_uri', `${site.redirectUri}/else`)],
    ['to another site', (url) => url.searchParams.set('redirect_uri', 'https://elsewhere.example/callback')],
    ['pushed by nobody', (url) => url.searchParams.set('request_uri', `urn:ietf:params:oauth:request_uri:${'A'.repeat(43)}`)],
  ])('%s stays here, whoever is signed in (RFC 9700 §4.11)', (_, fault) =>
    stage.journey({ narrow: true }, async (page) => {
      await stage.signIn(page, await signUp(stage.service.url));
      const attempt = await site.begin({ prompt: 'none' });
      const url = new URL(attempt.url);
      fault(url);
      await site.leadTo(page, url.href);
      await arrive(page, 'Something went wrong');
      expect(page.url()).toBe(url.href);
      expect(attempt.answers).toEqual([]);
    }),
  );

  it.each([
    ['unsupported_response_type', { response_type: 'token' }],
    ['invalid_scope', { scope: 'openid everything' }],
    ['invalid_request', { code_challenge_method: 'plain' }],
    ['request_not_supported', { request: 'e30.e30.' }],
  ])('that the app can be told of goes back to it: %s', (error, parameters) =>
    stage.journey({}, async (page) => {
      const attempt = await site.begin(parameters);
      await attempt.start(page);
      const answer = await attempt.answer(page);
      expect(answer.parameters).toMatchObject({ error, state: attempt.state, iss: stage.issuer });
      expect(answer.parameters).not.toHaveProperty('code');
    }),
  );

  it('pushed is used up by the first browser: another one gets nothing', async () => {
    const attempt = await site.begin({}, { pushed: true });
    await stage.journey({}, async (page) => {
      await attempt.start(page);
      await arrive(page, 'Sign in');
      await stage.journey({}, async (other) => {
        await attempt.start(other);
        await arrive(other, 'Something went wrong');
      });
      const person = await signUp(stage.service.url);
      await enter(page, person);
      await press(page, 'Allow');
      expect((await attempt.tokens(page)).claims()?.sub).toBe(person.userId);
    });
  });
});
