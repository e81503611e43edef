import { ClientStore } from '../../src/storage/client.store.js';
import { ConsentStore } from '../../src/storage/consent.store.js';
import { ScopeStore } from '../../src/storage/scope.store.js';
import { SessionStore } from '../../src/storage/session.store.js';
import { Browser, formOf, type Page } from '../support/browser.js';
import { person } from '../support/code-flow.js';
import { seeChanges } from '../support/configuration.js';
import { claimsOf } from '../support/jwt.js';
import { signUp } from '../support/protocol-client.js';
import { ISSUER, startService, type TestService } from '../support/service-app.js';
import { Device, deviceClient, messageOf, outcome, problemOf, signedIn } from './support/device-flow.js';

let service: TestService;
let tv: Device;
beforeAll(async () => {
  service = await startService();
  tv = new Device(service, await deviceClient().register(service));
});
afterAll(() => service.close());

const placeOf = ({ url }: Page): string => url.slice(ISSUER.length);
const subjectOf = async (deviceCode: string): Promise<string> => claimsOf((await tv.poll(deviceCode)).body.access_token).sub;
/** What the device is told as long as nobody has answered. */
const expectWaiting = async (deviceCode: string): Promise<void> =>
  expect(['authorization_pending', 'slow_down']).toContain((await tv.poll(deviceCode)).body.error);

describe('/activate', () => {
  it('has the person sign in first, and come back: to the code of the complete link, too', async () => {
    const { email, password, userId } = await signUp(service.url);
    const { deviceCode, userCode, complete } = await tv.start();
    const browser = new Browser(service.url, ISSUER);
    const typed = await browser.get('/activate');
    expect(placeOf(typed)).toBe(`/sign-in?continue=${encodeURIComponent('/activate')}`);
    const signIn = await browser.get(complete);
    expect(placeOf(signIn)).toBe(`/sign-in?continue=${encodeURIComponent(`/activate?user_code=${userCode}`)}`);
    expect(signIn.html).not.toContain('Living room TV'); // not before the sign-in: it would be a free guess
    const confirm = await browser.submit(signIn, { email, password });
    expect([placeOf(confirm), confirm.status]).toEqual([`/activate?user_code=${userCode}`, 200]);
    expect(messageOf(await browser.submit(confirm, { decision: 'allow' }))).toBe('activated');
    expect(await subjectOf(deviceCode)).toBe(userId);
  });

  it.each([
    '/activate?user_code=BCDF-GHJA',
    '/activate?user_code=BCDF-GHJK&x=y',
    '/activate?user_code=BCDF-GHJK#x',
    '/activate?code=BCDF-GHJK',
    '/activate?',
    '/activate/',
    '/activate/confirm',
    '//activate',
    '/activate@elsewhere.example',
    'https://elsewhere.example/activate',
  ])('is the only page that its sign-in leads to, not %s (RFC 9700 §4.11)', async (way) => {
    const page = await new Browser(service.url, ISSUER).get(`/sign-in?continue=${encodeURIComponent(way)}`);
    expect([page.status, messageOf(page)]).toEqual([400, 'expired']);
  });

  it('takes the code in any case, with blanks and dashes', async () => {
    const browser = await signedIn(service);
    const { userCode } = await tv.start();
    for (const entry of [userCode, userCode.toLowerCase(), userCode.replace('-', ''), ` ${userCode.replace('-', ' – ')} `]) {
      expect((await browser.enter(entry)).html).toContain(userCode);
    }
    expect((await browser.get(`/activate?user_code=${userCode.replace('-', '').toLowerCase()}`)).html).toContain(userCode);
  });

  it('shows the code to compare, the app, what it asks for and the account, before anything is allowed (RFC 8628 §5.4)', async () => {
    await service.get(ScopeStore).put({ name: 'todos:read', description: 'Read your <todos>', resources: [] }, service.clock.now());
    service.clock.advance(5);
    const device = new Device(service, await deviceClient().with({ displayName: 'A "box" <b>& more' }).register(service));
    const ada = await person(service, { email: 'ada.l@example.test' });
    const browser = await signedIn(service, ada);
    const { deviceCode, userCode, complete } = await device.start('todos:read offline_access');
    for (const page of [await browser.enter(userCode), await browser.get(complete)]) {
      expect(page.status).toBe(200);
      expect(page.html).toContain(userCode);
      expect(page.html).toMatch(/A &quot;box&quot; &lt;b&gt;&amp; more/);
      expect(page.html).toContain('ada.l@example.test');
      expect(page.html).toContain('Read your &lt;todos&gt;');
      expect(page.html).toMatch(/data-scope="offline_access"|Keep its access/);
      expect(page.headers.get('content-security-policy')).toMatch(/form-action 'self'; frame-ancestors 'none'/);
      expect([page.headers.get('x-frame-options'), page.headers.get('cache-control')]).toEqual(['DENY', 'no-store']);
    }
    expect((await device.poll(deviceCode)).body.error).toBe('authorization_pending');
    expect(await service.get(ConsentStore).find(ada.id, device.client.id)).toBeUndefined();
  });

  it('on allow writes the consent and lets the device in; on deny neither', async () => {
    const ada = await person(service);
    const browser = await signedIn(service, ada);
    const consent = () => service.get(ConsentStore).find(ada.id, tv.client.id);
    const denied = await tv.start();
    const no = await browser.answer(denied.userCode, 'deny');
    expect([no.status, messageOf(no), await consent()]).toEqual([200, 'denied', undefined]);
    expect((await tv.poll(denied.deviceCode)).body.error).toBe('access_denied');
    const allowed = await tv.start();
    const yes = await browser.answer(allowed.userCode, 'allow');
    expect([yes.status, messageOf(yes), await consent()]).toEqual([200, 'activated', ['todos:read']]);
    expect(await subjectOf(allowed.deviceCode)).toBe(ada.id);
  });

  it('says what is wrong with a code that is unknown, malformed, expired or answered, and lets the person try again', async () => {
    const browser = await signedIn(service);
    const answered = await tv.start();
    await browser.answer(answered.userCode);
    const expired = await tv.start();
    service.clock.advance(600);
    for (const code of ['BCDF-GHJK', 'not a code', '', answered.userCode, expired.userCode]) {
      for (const page of [await browser.enter(code), await browser.get(`/activate?user_code=${encodeURIComponent(code)}`)]) {
        expect([page.status, problemOf(page), page.headers.get('retry-after')]).toEqual([400, 'wrong-code', null]);
      }
    }
    const { userCode } = await tv.start();
    expect((await browser.submit(await browser.enter('BCDF-GHJK'), { user_code: userCode })).html).toContain('Living room TV');
  });

  it('shows what was typed, harmless and not at any length', async () => {
    const browser = await signedIn(service);
    const { html } = await browser.enter(`"><script>alert(1)</script>${'x'.repeat(10_000)}`);
    expect(html).toContain('&quot;&gt;&lt;script&gt;');
    expect(html).not.toMatch(/<script|x{50}/);
  });

  it('does not know the codes of a client that was disabled', async () => {
    const device = new Device(service, await deviceClient().register(service));
    const { userCode } = await device.start();
    await service.get(ClientStore).setEnabled(device.client.id, false, service.clock.now());
    await seeChanges(service);
    expect(problemOf(await (await signedIn(service)).enter(userCode))).toBe('wrong-code');
  });

  it('is not there when the endpoint is off', async () => {
    const off = await startService({ beside: service, issuance: { endpoints: { device: false } } });
    try {
      const browser = await signedIn(off);
      const page = await browser.get('/activate');
      expect([page.status, messageOf(page)]).toEqual([404, 'not-found']);
      for (const path of ['/activate', '/activate/confirm']) expect((await browser.post(path, { user_code: 'x' })).status).toBe(404);
      expect((await browser.get(`/sign-in?continue=${encodeURIComponent('/activate')}`)).status).toBe(400);
    } finally {
      await off.close();
    }
  });
});

describe('The answer to a device', () => {
  it('may be looked at again and again before it is given', async () => {
    const browser = await signedIn(service);
    const { deviceCode, userCode, complete } = await tv.start();
    const entry = await browser.get('/activate');
    const pages = [
      ...[await browser.submit(entry, { user_code: userCode }), await browser.submit(entry, { user_code: userCode })], // sent again
      ...[await browser.get(complete), await browser.get(complete)], // reloaded
    ];
    for (const page of pages) expect(page.html).toContain('Living room TV');
    await expectWaiting(deviceCode);
    expect(messageOf(await browser.submit(pages[0] as Page, { decision: 'allow' }))).toBe('activated'); // in the first of four tabs
  });

  it('counts once: sent again, or the other one after it, it is a page that says so', async () => {
    const browser = await signedIn(service);
    for (const [first, second] of [
      ['allow', 'deny'],
      ['deny', 'allow'],
      ['allow', 'allow'],
    ] as const) {
      const { deviceCode, userCode } = await tv.start();
      const page = await browser.enter(userCode);
      await browser.submit(page, { decision: first });
      const again = await browser.submit(page, { decision: second });
      expect([again.status, problemOf(again)]).toEqual([400, 'answered-code']);
      expect((await tv.poll(deviceCode)).status).toBe(first === 'allow' ? 200 : 400);
    }
  });

  it('comes too late when the code has expired', async () => {
    const browser = await signedIn(service);
    const { deviceCode, userCode } = await tv.start();
    const page = await browser.enter(userCode);
    service.clock.advance(600);
    const late = await browser.submit(page, { decision: 'allow' });
    expect([late.status, problemOf(late)]).toEqual([400, 'answered-code']);
    expect((await tv.poll(deviceCode)).body.error).toBe('expired_token');
  });

  it('is told by a page that can be looked at again, and says nothing else', async () => {
    const browser = await signedIn(service);
    for (const [decision, message] of [
      ['allow', 'activated'],
      ['deny', 'denied'],
    ] as const) {
      const page = await browser.answer((await tv.start()).userCode, decision);
      expect([placeOf(page), messageOf(await browser.get(page.url))]).toEqual([`/activate/done?answer=${message}`, message]);
    }
    for (const answer of ['', '?answer=', '?answer=expired', '?answer=activated&answer=denied', '?answer=constructor']) {
      const page = await browser.get(`/activate/done${answer}`);
      expect([page.status, messageOf(page)]).toEqual([404, 'not-found']);
    }
  });

  it('is given by who is signed in: a form of somebody before is worth nothing, and the page names the new one', async () => {
    const [ada, bob] = [await person(service), await person(service)];
    const browser = await signedIn(service, ada);
    const { deviceCode, userCode } = await tv.start();
    const adas = await browser.enter(userCode);
    const adasEntry = await browser.get('/activate');
    await browser.signIn(bob); // in another tab
    for (const answer of [await browser.submit(adas, { decision: 'allow' }), await browser.submit(adasEntry, { user_code: userCode })]) {
      expect([answer.status, messageOf(answer)]).toEqual([400, 'expired']);
      expect(answer.html).toContain(`href="/activate?user_code=${userCode}"`);
    }
    await expectWaiting(deviceCode);
    const bobs = await browser.get(`/activate?user_code=${userCode}`);
    expect(bobs.html).toContain(bob.email);
    expect(bobs.html).not.toContain(ada.email);
    await browser.submit(bobs, { decision: 'allow' });
    expect(await subjectOf(deviceCode)).toBe(bob.id);
    expect(await service.get(ConsentStore).find(ada.id, tv.client.id)).toBeUndefined();
  });

  it('needs a session that has not ended meanwhile', async () => {
    const ada = await person(service);
    const browser = await signedIn(service, ada);
    const { deviceCode, userCode } = await tv.start();
    const page = await browser.enter(userCode);
    for (const { sid } of await service.get(SessionStore).list(ada.id, service.clock.now()))
      await service.get(SessionStore).end(ada.id, sid, service.clock.now());
    const signIn = await browser.submit(page, { decision: 'allow' });
    expect(placeOf(signIn)).toBe(`/sign-in?continue=${encodeURIComponent(`/activate?user_code=${userCode}`)}`);
    await expectWaiting(deviceCode);
  });

  describe('cannot be forged (RFC 9700 §4.7)', () => {
    const attempts: [name: string, attempt: (page: Page, other: Page) => [Record<string, string>, Record<string, string>?]][] = [
      ['without a token', () => [{ csrf: '' }]],
      ['with the token of the page before', (_, entry) => [{ csrf: formOf(entry).fields['csrf'] ?? '' }]],
      ['from another site', () => [{}, { 'sec-fetch-site': 'cross-site' }]],
      ['from another origin of the site', () => [{}, { 'sec-fetch-site': 'same-site' }]],
      ['with a token made up', () => [{ csrf: Buffer.alloc(32, 7).toString('base64url') }]],
      ['without a decision', () => [{ decision: '' }]],
      ['with a decision that there is no button for', () => [{ decision: 'Allow' }]],
    ];
    it.each(attempts)('%s', async (_, attempt) => {
      const browser = await signedIn(service);
      const { deviceCode, userCode } = await tv.start();
      const entry = await browser.get('/activate');
      const page = await browser.submit(entry, { user_code: userCode });
      const [fields, headers] = attempt(page, entry);
      const answer = await browser.submit(page, { decision: 'allow', ...fields }, headers);
      expect([answer.status, messageOf(answer)]).toEqual([400, 'expired']);
      await expectWaiting(deviceCode);
    });

    it('with the form for another code', async () => {
      const browser = await signedIn(service);
      const [own, victim] = [await tv.start(), await tv.start()];
      const answer = await browser.submit(await browser.enter(own.userCode), { decision: 'allow', user_code: victim.userCode });
      expect([answer.status, messageOf(answer)]).toEqual([400, 'expired']);
      await expectWaiting(victim.deviceCode);
    });

    it("with another person's form, in one's own browser or in theirs", async () => {
      const [mallory, victim] = [await signedIn(service), await signedIn(service)];
      const { deviceCode, userCode } = await tv.start();
      const page = await mallory.enter(userCode);
      await victim.get('/activate');
      const answer = await victim.submit(page, { decision: 'allow' });
      expect([answer.status, messageOf(answer)]).toEqual([400, 'expired']);
      await expectWaiting(deviceCode);
    });

    it('nor can the entry be', async () => {
      const browser = await signedIn(service);
      const { userCode } = await tv.start();
      const entry = await browser.get('/activate');
      for (const [fields, headers] of [[{ csrf: '' }], [{}, { 'sec-fetch-site': 'cross-site' }]] as const) {
        const answer = await browser.submit(entry, { user_code: userCode, ...fields }, headers);
        expect([answer.status, messageOf(answer)]).toEqual([400, 'expired']);
      }
    });

    it('with a method of another kind: an answer is no link', async () => {
      const browser = await signedIn(service);
      const { deviceCode, userCode } = await tv.start();
      const { fields } = formOf(await browser.enter(userCode));
      const query = new URLSearchParams({ ...fields, decision: 'allow' }).toString();
      expect((await browser.get(`/activate/confirm?${query}`)).status).toBe(405);
      await browser.get(`/activate?${query}`);
      await expectWaiting(deviceCode);
    });
  });
});

it('What a device is told does not tell who answered', async () => {
  const { deviceCode, userCode } = await tv.start();
  await (await signedIn(service)).answer(userCode, 'deny');
  const { body } = await tv.poll(deviceCode);
  expect([outcome({ ...(await tv.poll(deviceCode)) }), Object.keys(body)]).toEqual([
    [400, 'access_denied'],
    ['error', 'error_description'],
  ]);
});
