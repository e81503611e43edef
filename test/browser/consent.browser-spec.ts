import type { Page } from 'playwright-core';
import { ScopeStore } from '../../src/storage/scope.store.js';
import { signUp } from '../support/protocol-client.js';
import { ClientSite } from './support/client-site.js';
import { arrive, enter, press } from './support/person.js';
import { Stage } from './support/stage.js';

let stage: Stage;
let site: ClientSite;
beforeAll(async () => {
  stage = await Stage.set();
  const scopes = stage.service.get(ScopeStore);
  await scopes.put({ name: 'todos:read', description: 'Read your to-do lists', resources: [] }, stage.service.clock.now());
  await scopes.put({ name: 'todos:write', description: 'Change your to-do lists', resources: [] }, stage.service.clock.now());
  site = await ClientSite.open(stage);
});
afterAll(async () => {
  await stage?.strike();
  await site?.close();
});

const ASKS = 'Kettle & Sparrows asks for access';
const scopesOn = (page: Page): Promise<(string | null)[]> =>
  page.locator('[data-scope]').evaluateAll((items) => items.map((item) => item.getAttribute('data-scope')));
const newOn = (page: Page): Promise<(string | null)[]> =>
  page.locator('[data-scope]:has(.badge)').evaluateAll((items) => items.map((item) => item.getAttribute('data-scope')));

describe('Consent', () => {
  it('given: the app gets tokens of the person, and the next time there is no page', () =>
    stage.journey({}, async (page) => {
      const person = await signUp(stage.service.url);
      const first = await site.begin({ scope: 'openid email todos:read offline_access' });
      await first.start(page);
      expect(await page.getByText('to continue to Kettle & Sparrows').isVisible()).toBe(true);
      await enter(page, person);
      await arrive(page, ASKS);
      expect(await page.getByText('Read your to-do lists').isVisible()).toBe(true);
      expect(await page.getByText(person.email).isVisible()).toBe(true);
      await press(page, 'Allow');
      const tokens = await first.tokens(page);
      expect(tokens.claims()).toMatchObject({ sub: person.userId, amr: ['pwd'] });
      expect(tokens.scope).toBe('openid email todos:read offline_access');
      expect(await site.isActive(tokens.access_token)).toBe(true);

      const second = await site.begin({ scope: 'openid todos:read' });
      await second.start(page);
      expect((await second.tokens(page)).claims()?.sub).toBe(person.userId);
    }));

  it('refused: the app is told so, in its own words, and asks anew the next time', () =>
    stage.journey({}, async (page) => {
      await stage.signIn(page, await signUp(stage.service.url));
      const first = await site.begin();
      await first.start(page);
      await arrive(page, ASKS);
      await press(page, 'Do not allow');
      expect(await first.answer(page)).toEqual({
        method: 'GET',
        parameters: { error: 'access_denied', error_description: expect.any(String), state: first.state, iss: stage.issuer },
      });
      await expect(first.tokens(page)).rejects.toMatchObject({ error: 'access_denied' });
      const second = await site.begin();
      await second.start(page);
      await arrive(page, ASKS);
    }));

  it('is asked for again when an app wants more, and then shows what is new; less is nothing to ask about', () =>
    stage.journey({}, async (page) => {
      await stage.signIn(page, await signUp(stage.service.url));
      const first = await site.begin({ scope: 'openid email todos:read' });
      await first.start(page);
      await arrive(page, ASKS);
      expect(await newOn(page)).toEqual([]); // all of it is
      await press(page, 'Allow');
      expect((await first.tokens(page)).scope).toBe('openid email todos:read');

      const more = await site.begin({ scope: 'openid todos:read todos:write' });
      await more.start(page);
      await arrive(page, ASKS);
      expect(await scopesOn(page)).toEqual(['openid', 'todos:read', 'todos:write']);
      expect(await newOn(page)).toEqual(['todos:write']);
      await press(page, 'Allow');
      expect((await more.tokens(page)).scope).toBe('openid todos:read todos:write');

      for (const scope of ['openid', 'openid email todos:read todos:write']) {
        const again = await site.begin({ scope });
        await again.start(page);
        expect((await again.tokens(page)).scope).toBe(scope);
      }
    }));

  it('refused for more leaves what was allowed before', () =>
    stage.journey({}, async (page) => {
      await stage.signIn(page, await signUp(stage.service.url));
      const [first, more, again] = [await site.begin(), await site.begin({ scope: 'openid roles' }), await site.begin()];
      await first.start(page);
      await press(page, 'Allow');
      const tokens = await first.tokens(page);
      await more.start(page);
      await arrive(page, ASKS);
      await press(page, 'Do not allow');
      expect((await more.answer(page)).parameters['error']).toBe('access_denied');
      expect(await site.isActive(tokens.access_token)).toBe(true);
      await again.start(page);
      expect((await again.tokens(page)).scope).toBe('openid email');
    }));

  it('withdrawn on the account page: every token dies at once, and the person is asked again', () =>
    stage.journey({}, async (page) => {
      await stage.signIn(page, await signUp(stage.service.url));
      const first = await site.begin({ scope: 'openid offline_access' });
      await first.start(page);
      await press(page, 'Allow');
      const tokens = await first.tokens(page);
      const refreshToken = tokens.refresh_token ?? '';
      const { access_token: refreshed } = await site.refresh(refreshToken);
      await page.goto('/account');
      await arrive(page, 'Your account');
      await press(page, 'Remove access: Kettle & Sparrows');
      await page.getByRole('status').waitFor();
      for (const token of [tokens.access_token, refreshed, refreshToken]) expect(await site.isActive(token)).toBe(false);
      await expect(site.refresh(refreshToken)).rejects.toMatchObject({ error: 'invalid_grant' });
      const second = await site.begin({ scope: 'openid' });
      await second.start(page);
      await arrive(page, ASKS);
      expect(await newOn(page)).toEqual([]);
    }));
});
