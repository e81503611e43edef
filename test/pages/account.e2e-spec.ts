import { ConsentStore } from '../../src/storage/consent.store.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { ScopeStore } from '../../src/storage/scope.store.js';
import type { Browser, Page } from '../support/browser.js';
import { publicClient } from '../support/clients.js';
import { PersonGrant } from '../support/person-grant.js';
import { ProtocolClient } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';
import { all, messageOf, newBrowser, noticeOf, signedIn, signIn, textOf, type Person } from './support/visitor.js';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';

let service: TestService;
beforeAll(async () => {
  service = await startService({ issuance: { grants: [PersonGrant] } });
  await service.get(ScopeStore).put({ name: 'todos:read', description: 'Read your to-do lists', resources: [] }, service.clock.now());
});
afterAll(() => service.close());

const rows = (page: Page): string[] => all(page, 'data-session');
const refreshStatus = async ({ refreshToken }: Person): Promise<number> =>
  (await new ProtocolClient(service.url).json('POST', '/auth/refresh', { refreshToken })).status;

describe('The account page', () => {
  it('is for who is signed in; others sign in first and come back', async () => {
    const { person } = await signedIn(service);
    const browser = newBrowser(service);
    const page = await browser.get('/account');
    expect(page.url).toBe(`${service.issuer}/sign-in?continue=%2Faccount`);
    const account = await browser.submit(page, { email: person.email, password: person.password });
    expect([account.status, account.url]).toEqual([200, `${service.issuer}/account`]);
  });

  it('shows where the person is signed in: this browser first, apps by their name', async () => {
    const browser = newBrowser(service);
    browser.headers = { 'user-agent': FIREFOX };
    const { person } = await signedIn(service, browser);
    const page = await browser.get('/account');
    const [first = '', second = '', ...more] = page.html.split('data-session=').slice(1);
    expect(more).toEqual([]);
    expect(textOf({ ...page, html: first })).toMatch(/Firefox on Linux This browser Last active just now · from 127\.0\.0\.1/);
    expect(textOf({ ...page, html: second })).toMatch(/First-party app node · Last active just now/);
    expect(page.html).toMatch(/<time datetime="\d{4}-\d\d-\d\dT[\d:.]+Z"/);
    expect(textOf(page)).toContain(person.email);
  });

  it('signs a device out, and its tokens are dead', async () => {
    const { browser, person } = await signedIn(service);
    const page = await browser.get('/account');
    const [, app = ''] = rows(page);
    const after = await browser.submit(page, { end: app });
    expect([after.status, noticeOf(after), rows(after)]).toEqual([200, 'session-ended', [rows(page)[0]]]);
    expect(await refreshStatus(person)).toBe(401);
    const again = await browser.submit(page, { end: app });
    expect([again.status, messageOf(again)]).toEqual([404, 'not-found']);
  });

  it('signs out everywhere else', async () => {
    const { browser, person } = await signedIn(service);
    const other = newBrowser(service);
    await signIn(other, person);
    const page = await browser.get('/account');
    expect(rows(page)).toHaveLength(3);
    const after = await browser.submit(page, { end_others: '1' });
    expect([noticeOf(after), rows(after)]).toEqual(['others-ended', [rows(page)[0]]]);
    expect(new URL((await other.get('/account')).url).pathname).toBe('/sign-in');
    expect(await refreshStatus(person)).toBe(401);
  });

  it('signs this browser out when it is the one', async () => {
    const { browser } = await signedIn(service);
    const page = await browser.get('/account');
    const cookie = browser.cookies.get('countersign-session') ?? '';
    const after = await browser.submit(page, { end: rows(page)[0] ?? '' });
    expect(new URL(after.url).pathname).toBe('/sign-in');
    expect(browser.cookies.has('countersign-session')).toBe(false);
    browser.cookies.set('countersign-session', cookie);
    expect(new URL((await browser.get('/account')).url).pathname).toBe('/sign-in');
  });

  it("ends nobody else's session, whatever is sent", async () => {
    const { browser } = await signedIn(service);
    const victim = await signedIn(service);
    const [target = ''] = rows(await victim.browser.get('/account'));
    const page = await browser.get('/account');
    for (const end of [target, target.toUpperCase(), 'x', `${target}'`, '']) {
      const answer = await browser.submit(page, { end });
      expect([answer.status, messageOf(answer)]).toEqual([404, 'not-found']);
    }
    expect(rows(await victim.browser.get('/account'))).toHaveLength(2);
    expect(await refreshStatus(victim.person)).toBe(200);
  });

  describe('of connected apps', () => {
    async function connected(): Promise<{ browser: Browser; app: ProtocolClient; id: string; refreshToken: string }> {
      const { browser, person } = await signedIn(service);
      const client = await publicClient()
        .with({ displayName: 'Kettle <& Sparrows>' })
        .withPermissions({ grantTypes: [PersonGrant.type, 'refresh_token'], scopes: ['offline_access', 'todos:read'] })
        .register(service);
      await service.get(ConsentStore).allow(person.userId, client.id, ['email', 'todos:read', 'offline_access'], service.clock.now());
      const app = new ProtocolClient(service.url, client);
      const tokens = await app.token({ grant_type: PersonGrant.type, subject: person.userId, scope: 'offline_access todos:read' });
      const refreshed = await app.refresh(tokens.body.refresh_token);
      return { browser, app, id: client.id, refreshToken: refreshed.body.refresh_token };
    }

    it('shows what they may do, in plain words', async () => {
      const { browser, id } = await connected();
      const page = await browser.get('/account');
      expect([all(page, 'data-app'), all(page, 'data-scope').sort()]).toEqual([[id], ['email', 'offline_access', 'todos:read']]);
      const text = textOf(page);
      for (const words of ['Kettle &lt;&amp; Sparrows&gt;', 'See your e-mail address', 'Read your to-do lists', 'Keep its access']) {
        expect(text).toContain(words);
      }
    });

    it('takes the access away, and the tokens are dead', async () => {
      const { browser, app, id, refreshToken } = await connected();
      const page = await browser.get('/account');
      const after = await browser.submit(page, { withdraw: id });
      expect([noticeOf(after), all(after, 'data-app')]).toEqual(['access-removed', []]);
      expect(textOf(after)).toContain('No app has access to your account.');
      expect((await app.refresh(refreshToken)).body.error).toBe('invalid_grant');
      expect((await browser.submit(page, { withdraw: id })).status).toBe(404);
    });

    it("takes nobody else's away", async () => {
      const { app, id, refreshToken } = await connected();
      const { browser } = await signedIn(service);
      expect((await browser.submit(await browser.get('/account'), { withdraw: id })).status).toBe(404);
      expect((await app.refresh(refreshToken)).status).toBe(200);
    });
  });

  it('names apps as they are called now', async () => {
    const { browser } = await signedIn(service);
    const client = await service.get(ClientStore).find('first-party');
    if (!client) throw new Error('no client');
    await service.get(ClientStore).update({ ...client, displayName: 'Todo for iPhone' }, service.clock.now());
    expect(textOf(await browser.get('/account'))).toContain('Todo for iPhone');
    await service.get(ClientStore).update(client, service.clock.now());
  });

  it('does nothing for a form that says nothing, and shows no confirmation that is none of ours', async () => {
    const { browser } = await signedIn(service);
    const page = await browser.get('/account');
    expect((await browser.submit(page)).status).toBe(404);
    expect(noticeOf(await browser.get('/account?done=hacked'))).toBeUndefined();
    expect(noticeOf(await browser.get('/account?done=others-ended&done=others-ended'))).toBeUndefined();
  });

  it('asks whoever sends its form without being signed in any more to sign in', async () => {
    const { browser } = await signedIn(service);
    const page = await browser.get('/account');
    browser.cookies.delete('countersign-session');
    expect(new URL((await browser.submit(page, { end_others: '1' })).url).pathname).toBe('/sign-in');
  });
});
