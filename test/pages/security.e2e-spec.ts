import { parseSetCookie } from 'cookie';
import { Users } from '../../src/identity/users.js';
import type { Browser, Page } from '../support/browser.js';
import { startService, type TestService } from '../support/service-app.js';
import { Beside } from './support/beside.js';
import { messageOf, newBrowser, problemOf, signedIn, signIn, textOf } from './support/visitor.js';

const PASSWORD = 'blue kettle 7 sparrows';
const SESSION = 'countersign-session';
const MARK = 'countersign-browser';

const beside = new Beside();
let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterEach(() => beside.close());
afterAll(() => service.close());

let counter = 0;
const newEmail = (): string => `visitor${++counter}@example.test`;

describe('Cross-site request forgery (RFC 9700 §4.7)', () => {
  /** A form that would do something, in the browser of a person who could send it. */
  interface Prepared {
    readonly browser: Browser;
    readonly page: Page;
    readonly fields: Record<string, string>;
    /** Whether it has been done. */
    readonly done: () => Promise<boolean>;
  }

  const FORMS: Record<string, () => Promise<Prepared>> = {
    'sign-in': async () => {
      const { person } = await signedIn(service);
      const browser = newBrowser(service);
      const page = await browser.get('/sign-in');
      return { browser, page, fields: { email: person.email, password: person.password }, done: async () => browser.cookies.has(SESSION) };
    },
    register: async () => {
      const browser = newBrowser(service);
      const email = newEmail();
      const page = await browser.get('/register');
      const done = async () => (await service.get(Users).findByEmail(email)) !== undefined;
      return { browser, page, fields: { email, password: PASSWORD }, done };
    },
    account: async () => {
      const { browser, person } = await signedIn(service);
      const other = newBrowser(service);
      await signIn(other, person);
      const done = async () => new URL((await other.get('/account')).url).pathname === '/sign-in';
      return { browser, page: await browser.get('/account'), fields: { end_others: '1' }, done };
    },
  };

  /** How somebody else would send it. */
  const ATTACKS: Record<string, (prepared: Prepared) => Promise<Page>> = {
    'without a token': ({ browser, page, fields }) => browser.submit(page, { ...fields, csrf: '' }),
    'with another token': ({ browser, page, fields }) => browser.submit(page, { ...fields, csrf: 'A'.repeat(43) }),
    "with another browser's token": async ({ browser, page, fields }) => {
      const { browser: attacker } = await signedIn(service);
      const theirs = await attacker.get(new URL(page.url).pathname === '/account' ? '/account' : '/sign-in');
      const csrf = /name="csrf" value="([^"]*)"/.exec(theirs.html)?.[1] ?? '';
      return browser.submit(page, { ...fields, csrf });
    },
    "with another page's token": async ({ browser, page, fields }) => {
      const other = new URL(page.url).pathname === '/register' ? '/sign-in' : '/register';
      const fresh = newBrowser(service);
      fresh.cookies.set(MARK, browser.cookies.get(MARK) ?? '');
      const csrf = /name="csrf" value="([^"]*)"/.exec((await fresh.get(other)).html)?.[1] ?? '';
      return browser.submit(page, { ...fields, csrf });
    },
    'in a browser without the mark': ({ browser, page, fields }) => {
      browser.cookies.delete(MARK);
      return browser.submit(page, fields);
    },
    'from another site': ({ browser, page, fields }) => browser.submit(page, fields, { 'sec-fetch-site': 'cross-site' }),
    'from another origin of the site': ({ browser, page, fields }) => browser.submit(page, fields, { 'sec-fetch-site': 'same-site' }),
    'from another origin, by an older browser': async ({ browser, page, fields }) =>
      browser.post(
        page.url,
        { ...fields, csrf: /name="csrf" value="([^"]*)"/.exec(page.html)?.[1] ?? '' },
        { origin: 'https://evil.example' },
      ),
    'from an origin that hides itself': async ({ browser, page, fields }) =>
      browser.post(page.url, { ...fields, csrf: /name="csrf" value="([^"]*)"/.exec(page.html)?.[1] ?? '' }, { origin: 'null' }),
  };

  describe.each(Object.keys(FORMS))('/%s', (name) => {
    it.each(Object.keys(ATTACKS))('refuses its form %s', async (attack) => {
      const prepared = (await FORMS[name]?.()) as Prepared;
      const answer = (await ATTACKS[attack]?.(prepared)) as Page;
      expect([answer.status, messageOf(answer)]).toEqual([400, 'expired']);
      expect(await prepared.done()).toBe(false);
    });

    it('takes its own', async () => {
      const { browser, page, fields, done } = (await FORMS[name]?.()) as Prepared;
      expect((await browser.submit(page, fields)).status).toBe(200);
      expect(await done()).toBe(true);
    });
  });

  it('of the log-in: a form that the attacker was given signs nobody in as the attacker', async () => {
    const { person: attacker } = await signedIn(service);
    const victim = newBrowser(service);
    await victim.get('/sign-in');
    const theirs = await newBrowser(service).get('/sign-in');
    const answer = await victim.submit(theirs, { email: attacker.email, password: attacker.password });
    expect([answer.status, victim.cookies.has(SESSION)]).toEqual([400, false]);
  });

  it('refuses the form of a session that somebody else has followed', async () => {
    const { browser } = await signedIn(service);
    const page = await browser.get('/account');
    const { person } = await signedIn(service);
    browser.cookies.delete(SESSION);
    await signIn(browser, person);
    const answer = await browser.submit(page, { end_others: '1' });
    expect([answer.status, messageOf(answer)]).toEqual([400, 'expired']);
  });
});

describe('Session fixation', () => {
  it('the cookie is another one after each sign-in, and the old one is dead', async () => {
    const { browser, person } = await signedIn(service);
    const before = browser.cookies.get(SESSION) ?? '';
    // The same person proves it again in the same browser, as an app may ask for: the session goes on under a new cookie.
    const again = newBrowser(service);
    const page = await again.get('/sign-in');
    again.cookies.set(SESSION, before);
    await again.submit(page, { email: person.email, password: person.password });
    expect(again.cookies.get(SESSION)).not.toBe(before);
    expect((await again.get('/account')).url).toBe(`${service.issuer}/account`);
    expect(browser.cookies.get(SESSION)).toBe(before);
    expect(new URL((await browser.get('/account')).url).pathname).toBe('/sign-in');
  });

  it.each(['cs_ss_planted', `cs_ss_${'A'.repeat(64)}`, '', 'x; Path=/'])(
    'no cookie that a person brings (%j) becomes their session',
    async (planted) => {
      const { person } = await signedIn(service);
      const browser = newBrowser(service);
      browser.cookies.set(SESSION, planted);
      const page = await browser.get('/sign-in');
      await browser.submit(page, { email: person.email, password: person.password });
      expect(browser.cookies.get(SESSION)).toMatch(/^cs_ss_[\w-]{64}$/);
      expect(browser.cookies.get(SESSION)).not.toBe(planted);
    },
  );

  it('somebody else who signs in gets a session of their own, and the first one ends', async () => {
    const { browser } = await signedIn(service);
    const first = browser.cookies.get(SESSION) ?? '';
    const { person } = await signedIn(service);
    const blank = newBrowser(service);
    const page = await blank.get('/sign-in');
    blank.cookies.set(SESSION, first);
    await blank.submit(page, { email: person.email, password: person.password });
    expect(textOf(await blank.get('/account'))).toContain(person.email);
    expect(new URL((await browser.get('/account')).url).pathname).toBe('/sign-in');
  });
});

describe('Cookies', () => {
  const attributes = async (of: TestService): Promise<Record<string, ReturnType<typeof parseSetCookie>>> => {
    const { person } = await signedIn(service);
    const browser = newBrowser(of);
    const shown = await browser.request('/sign-in');
    const csrf = /name="csrf" value="([^"]*)"/.exec(await shown.text())?.[1] ?? '';
    const sent = await browser.request('/sign-in', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams({ csrf, email: person.email, password: person.password }).toString(),
    });
    expect(sent.status).toBe(303);
    const cookies = [...shown.headers.getSetCookie(), ...sent.headers.getSetCookie()].map((line) => parseSetCookie(line));
    return Object.fromEntries(cookies.map((cookie) => [cookie.name, cookie]));
  };
  const common = { httpOnly: true, sameSite: 'lax', path: '/' };

  it('of an https issuer belong to its host alone: __Host-, Secure, HttpOnly, SameSite=Lax, Path=/', async () => {
    const secure = await beside.start(service, { issuance: { issuer: 'https://id.example.test/tenant' } });
    const cookies = await attributes(secure);
    expect(Object.keys(cookies).sort()).toEqual([`__Host-${MARK}`, `__Host-${SESSION}`]);
    for (const cookie of Object.values(cookies)) {
      expect(cookie).toMatchObject({ ...common, secure: true });
      expect(cookie.domain).toBeUndefined();
    }
    expect(cookies[`__Host-${SESSION}`]?.maxAge).toBe(14 * 86_400);
    expect(cookies[`__Host-${MARK}`]?.maxAge).toBeUndefined();
  });

  it('of an http issuer on loopback are the same without TLS', async () => {
    const cookies = await attributes(service);
    expect(Object.keys(cookies).sort()).toEqual([MARK, SESSION]);
    for (const cookie of Object.values(cookies)) {
      expect(cookie).toMatchObject(common);
      expect([cookie.secure, cookie.domain]).toEqual([undefined, undefined]);
    }
  });

  it('end with the lifetime that is set, on the server too', async () => {
    const brief = await beside.start(service, { identity: { sessionLifetime: 300 } });
    const { browser } = await signedIn(brief);
    brief.clock.advance(299);
    expect((await browser.get('/account')).url).toBe(`${brief.issuer}/account`);
    brief.clock.advance(1);
    expect(new URL((await browser.get('/account')).url).pathname).toBe('/sign-in');
  });
});

describe('Open redirection (RFC 9700 §4.11)', () => {
  const ELSEWHERE = [
    ...[
      'https://evil.example/',
      'http://evil.example',
      '//evil.example',
      '///evil.example',
      '/\\evil.example',
      '\\\\evil.example',
      '/\t/evil.example',
    ],
    ...['javascript:alert(1)', 'data:text/html,x', 'https:evil.example', '%2F%2Fevil.example', 'https%3A%2F%2Fevil.example'],
    ...['/account/../../evil', '/account?x=1', '/account#x', '/account/', '/Account', 'account', ' /account', '/account\n', '/./account'],
    ...['http://localhost:3000/account', '//localhost:3000/account', 'http://localhost:3000@evil.example/account'],
    // Ours, and nobody was sent on to them.
    ...['/sign-in', '/register', '/sign-out', '/consent', '/connect/authorize?client_id=x', '/connect/authorize/continue?ticket=x'],
    ...['/connect/logout', '/assets/pages.css', '/auth/me', '/'],
  ];

  let visited: Awaited<ReturnType<typeof signedIn>>;
  beforeAll(async () => (visited = await signedIn(service)));

  it.each(ELSEWHERE)('does not go on to %j', async (href) => {
    const { browser, person } = visited;
    const query = `?continue=${encodeURIComponent(href)}`;
    const visitor = newBrowser(service);
    const shown = await visitor.get('/sign-in');
    const answers = [
      await browser.get(`/sign-in${query}`), // signed in already: would be sent on at once
      await newBrowser(service).get(`/sign-in${query}`),
      await newBrowser(service).get(`/register${query}`),
      await visitor.submit(shown, { email: person.email, password: person.password, continue: href }),
    ];
    for (const answer of answers) {
      expect([answer.status, messageOf(answer), new URL(answer.url).origin]).toEqual([400, 'expired', service.issuer]);
      expect(answer.html).not.toContain('evil.example');
    }
    expect(visitor.cookies.has(SESSION)).toBe(false);
  });

  it('takes an address that was given twice for none', async () => {
    const page = await visited.browser.get('/sign-in?continue=https://evil.example&continue=/account');
    expect(page.url).toBe(`${service.issuer}/account`);
  });
});

describe('What pages say to browsers', () => {
  const PAGES = ['/sign-in', '/register', '/account', '/sign-in?continue=/x'];

  it.each(PAGES)('%s cannot be framed (RFC 9700 §4.16), cached, sniffed, extended or read by others', async (path) => {
    const { browser } = path === '/account' ? await signedIn(service) : { browser: newBrowser(service) };
    const { headers, html } = await browser.get(path);
    const policy = (headers.get('content-security-policy') ?? '').split('; ');
    expect(policy).toEqual([
      "default-src 'none'",
      "style-src 'self'",
      "img-src 'self'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ]);
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin', // RFC 9700 §4.2.4
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'content-type': 'text/html; charset=utf-8',
    });
    expect(headers.has('access-control-allow-origin')).toBe(false);
    expect(html).not.toMatch(/<script|style=|\son[a-z]+=/i);
    // Nothing of anybody else's.
    for (const [, address = ''] of html.matchAll(/(?:href|src|action)="([^"]*)"/g)) expect(address).toMatch(/^\/(?!\/)/);
    expect(html).not.toMatch(/https?:\/\//);
  });

  it('redirects with 303 after a form, so that nothing is sent twice (RFC 9700 §4.12)', async () => {
    const { person } = await signedIn(service);
    const browser = newBrowser(service);
    const page = await browser.get('/sign-in');
    const csrf = /name="csrf" value="([^"]*)"/.exec(page.html)?.[1] ?? '';
    const body = new URLSearchParams({ csrf, email: person.email, password: person.password }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await browser.request('/sign-in', { method: 'POST', headers, body });
    expect([answer.status, answer.headers.get('location'), answer.headers.get('cache-control')]).toEqual([303, '/account', 'no-store']);
  });
});

describe('Input that comes back', () => {
  const MARKUP = '"><script>alert(1)</script><img src=x onerror=alert(1)>\' {{7919*7919}} <%= 7919*7919 %>';

  it('is text: e-mail and name of the forms, name of the account', async () => {
    const browser = newBrowser(service);
    const signInPage = await browser.submit(await browser.get('/sign-in'), { email: MARKUP, password: 'x' });
    const registerPage = await browser.submit(await browser.get('/register'), { email: MARKUP, password: PASSWORD, displayName: MARKUP });
    const account = await browser.submit(registerPage, { email: newEmail(), password: PASSWORD, displayName: MARKUP });
    expect(account.status).toBe(200);
    for (const { html } of [signInPage, registerPage, account]) {
      expect(html).not.toMatch(/<script|<img src=x/);
      expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
      expect(html).not.toContain(String(7919 * 7919));
    }
  });

  it('is text: what a browser calls itself, what an app is called', async () => {
    const browser = newBrowser(service);
    browser.headers = { 'user-agent': MARKUP };
    const { person } = await signedIn(service, browser);
    expect(person.email).toContain('@');
    const { html } = await browser.get('/account');
    expect(html).not.toMatch(/<script|<img src=x/);
  });

  it('is never the password', async () => {
    const { person } = await signedIn(service);
    const browser = newBrowser(service);
    const page = await browser.get('/sign-in');
    const wrong = await browser.submit(page, { email: person.email, password: 'my other secret 42' });
    expect([problemOf(wrong), wrong.html.includes('my other secret 42')]).toEqual(['wrong-credentials', false]);
    expect(JSON.stringify([...wrong.headers])).not.toContain('secret');
  });
});

describe('Wrong passwords', () => {
  /** Without what belongs to this browser and this e-mail. */
  const seen = ({ status, headers, html }: Page, email: string): unknown[] => [
    status,
    headers.get('retry-after'),
    html.replaceAll(email, 'E-MAIL').replace(/name="csrf" value="[^"]*"/, ''),
  ];

  it('are answered alike for people who are known, unknown and disabled, and so is the lock-out', async () => {
    const { person: known } = await signedIn(service);
    const { person: disabled } = await signedIn(service);
    await service.get(Users).disable(disabled.userId);
    const unknown = newEmail();
    const attempt = async (email: string, password: string): Promise<unknown[]> => {
      const browser = newBrowser(service);
      return seen(await browser.submit(await browser.get('/sign-in'), { email, password }), email);
    };
    for (let n = 1; n <= 7; n++) {
      const answers = [
        await attempt(known.email, 'not the password'),
        await attempt(unknown, 'not the password'),
        await attempt(disabled.email, disabled.password),
      ];
      expect(answers[0]?.slice(0, 2)).toEqual(n <= 6 ? [401, null] : [429, '30']);
      expect(answers[1]).toEqual(answers[0]);
      expect(answers[2]).toEqual(answers[0]);
    }
  });

  it('lock the account out with Retry-After, the right one as well, until the time is over', async () => {
    const { person } = await signedIn(service);
    const browser = newBrowser(service);
    let page = await browser.get('/sign-in');
    for (let n = 0; n < 6; n++) page = await browser.submit(page, { email: person.email, password: 'wrong' });
    const locked = await browser.submit(page, { email: person.email, password: person.password });
    expect([locked.status, problemOf(locked), locked.headers.get('retry-after')]).toEqual([429, 'too-many-attempts', '30']);
    expect(textOf(locked)).toContain('Try again in 30 seconds.');
    service.clock.advance(30);
    await browser.submit(locked, { email: person.email, password: person.password });
    expect(browser.cookies.has(SESSION)).toBe(true);
  });

  it('that cannot be passwords or e-mails are wrong, and not counted', async () => {
    const { person } = await signedIn(service);
    const browser = newBrowser(service);
    const page = await browser.get('/sign-in');
    const attempts = [
      { email: '', password: '' },
      { email: 'ada', password: 'x' },
      { email: person.email, password: '' },
    ];
    const endless = { email: person.email, password: 'x'.repeat(2000) };
    for (const fields of [...attempts, endless, endless, endless, endless, endless, endless, endless]) {
      const answer = await browser.submit(page, fields);
      expect([answer.status, problemOf(answer)]).toEqual([401, 'wrong-credentials']);
    }
    await browser.submit(page, { email: person.email, password: person.password });
    expect(browser.cookies.has(SESSION)).toBe(true);
  });
});
