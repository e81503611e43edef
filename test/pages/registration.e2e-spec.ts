import { Users } from '../../src/identity/users.js';
import type { Page } from '../support/browser.js';
import { ProtocolClient } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';
import { Beside } from './support/beside.js';
import { messageOf, newBrowser, problemOf, signedIn, textOf } from './support/visitor.js';

const PASSWORD = 'blue kettle 7 sparrows';
let counter = 0;
const newEmail = (): string => `newcomer${++counter}@example.test`;

const beside = new Beside();
let service: TestService;
beforeAll(async () => {
  service = await startService({ identity: { rateLimits: { registrationsPerAddress: { limit: 1000, window: 60 } } } });
});
afterEach(() => beside.close());
afterAll(() => service.close());

const open = (): Promise<Page> => newBrowser(service).get('/register');

describe('The registration page', () => {
  it('makes an account, signs in and goes on; the sign-in page leads there', async () => {
    const browser = newBrowser(service);
    const signIn = await browser.get('/sign-in?continue=%2Faccount');
    const [, href = ''] = /<a href="([^"]*)"/.exec(signIn.html) ?? [];
    const page = await browser.get(href.replaceAll('&amp;', '&'));
    expect(page.url).toBe(`${service.issuer}/register?continue=%2Faccount`);
    const email = newEmail();
    const account = await browser.submit(page, { email: ` ${email.toUpperCase()} `, password: PASSWORD, displayName: ' Ada Lovelace ' });
    expect([account.status, account.url]).toEqual([200, `${service.issuer}/account`]);
    expect(textOf(account)).toContain('Ada Lovelace');
    expect(await service.get(Users).findByEmail(email)).toMatchObject({ email, displayName: 'Ada Lovelace' });
  });

  it('needs no name', async () => {
    const browser = newBrowser(service);
    const email = newEmail();
    await browser.submit(await browser.get('/register'), { email, password: PASSWORD, displayName: '  ' });
    expect((await service.get(Users).findByEmail(email))?.displayName).toBeUndefined();
    expect(browser.cookies.has('countersign-session')).toBe(true);
  });

  it('sends on who is signed in already', async () => {
    const { browser } = await signedIn(service);
    expect((await browser.get('/register')).url).toBe(`${service.issuer}/account`);
  });

  it.each([
    ['an e-mail that is none', { email: 'ada', password: PASSWORD }, 'email-invalid'],
    ['no e-mail', { email: '', password: PASSWORD }, 'email-invalid'],
    ['an endless e-mail', { email: `${'a'.repeat(400)}@example.test`, password: PASSWORD }, 'email-invalid'],
    ['no password', { email: 'x@example.test', password: '' }, 'password-too-short'],
    ['a short password', { email: 'x@example.test', password: 'k9#x' }, 'password-too-short'],
    ['a long password', { email: 'x@example.test', password: 'k9#'.repeat(60) }, 'password-too-long'],
    ['an endless password', { email: 'x@example.test', password: 'k9#'.repeat(3000) }, 'password-too-long'],
    ['a common password', { email: 'x@example.test', password: 'password123' }, 'password-common'],
    ['the e-mail as password', { email: 'ada.lovelace@example.test', password: 'ada.lovelace@example.test' }, 'password-is-email'],
    ['a password that cannot be typed', { email: 'x@example.test', password: 'blue\u0007kettle sparrows' }, 'password-invalid'],
    ['an endless name', { email: 'x@example.test', password: PASSWORD, displayName: 'A'.repeat(101) }, 'name-invalid'],
    ['an e-mail with what nobody sees', { email: 'x\u200b@example.test', password: PASSWORD }, 'email-invalid'],
    ['a name that turns around', { email: 'x@example.test', password: PASSWORD, displayName: 'A\u202eda' }, 'name-invalid'],
    [
      'a name that cannot be typed',
      { email: 'x@example.test', password: PASSWORD, displayName: 'A\u0000da'.replace('\u0000', '\u0001') },
      'name-invalid',
    ],
  ])('refuses %s in words, keeps what was typed but for the password', async (_what, fields, code) => {
    const browser = newBrowser(service);
    const answer = await browser.submit(await browser.get('/register'), fields);
    expect([answer.status, problemOf(answer)]).toEqual([400, code]);
    expect(textOf(answer)).not.toContain(code);
    if (fields.email) expect(answer.html).toContain(`value="${fields.email}"`);
    if (fields.password && fields.password !== fields.email) expect(answer.html).not.toContain(fields.password);
    expect(answer.html).toMatch(/aria-invalid="true" aria-describedby="problem/);
    expect(browser.cookies.has('countersign-session')).toBe(false);
    expect(await service.get(Users).findByEmail('x@example.test')).toBeUndefined();
  });

  it('says that an e-mail has an account; whoever collects such answers is locked out, here and at the API alike', async () => {
    const small = await beside.start(service, { identity: { lockOut: { address: { free: 2 } } } });
    const email = newEmail();
    const browser = newBrowser(small);
    const page = await browser.get('/register');
    const probe = (): Promise<Page> => browser.submit(page, { email, password: PASSWORD });
    const api = new ProtocolClient(small.url);
    await api.json('POST', '/auth/register', { email, password: PASSWORD });
    const first = await probe();
    expect([first.status, problemOf(first)]).toEqual([409, 'email-taken']);
    expect((await api.json('POST', '/auth/register', { email, password: PASSWORD })).status).toBe(409);
    expect((await probe()).status).toBe(409);
    const locked = await probe();
    expect([locked.status, problemOf(locked), locked.headers.get('retry-after')]).toEqual([429, 'too-many-attempts', '30']);
    expect((await api.json('POST', '/auth/register', { email: newEmail(), password: PASSWORD })).status).toBe(429);
    small.clock.advance(30);
    expect((await probe()).status).toBe(409);
  });

  it('takes so many registrations from an address, together with the API', async () => {
    const small = await beside.start(service, { identity: { rateLimits: { registrationsPerAddress: { limit: 2, window: 60 } } } });
    small.clock.advance(3600); // what the test before has counted is forgotten
    await new ProtocolClient(small.url).json('POST', '/auth/register', { email: newEmail(), password: PASSWORD });
    const register = async (): Promise<Page> => {
      const browser = newBrowser(small);
      return browser.submit(await browser.get('/register'), { email: newEmail(), password: PASSWORD });
    };
    expect((await register()).status).toBe(200);
    const refused = await register();
    expect([refused.status, problemOf(refused), refused.headers.get('retry-after')]).toEqual([429, 'too-many-attempts', '60']);
  });

  it('is not there where nobody may register, nor is a link to it', async () => {
    const closed = await beside.start(service, { identity: { registration: 'off' } });
    const page = await newBrowser(closed).get('/register');
    expect([page.status, messageOf(page)]).toEqual([404, 'not-found']);
    const genuine = await open();
    const browser = newBrowser(closed);
    expect((await browser.submit({ ...genuine }, { email: newEmail(), password: PASSWORD })).status).toBe(404);
    expect((await browser.get('/sign-in')).html).not.toContain('/register');
  });
});
