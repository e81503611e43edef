import { Browser } from '../support/browser.js';
import { signUp } from '../support/protocol-client.js';
import { ISSUER, startService, type TestService } from '../support/service-app.js';

let service: TestService;
beforeAll(async () => (service = await startService()));
afterAll(() => service.close());

describe('The sign-in page', () => {
  it('signs a person in, who need not sign in again', async () => {
    const { email, password } = await signUp(service.url);
    const browser = new Browser(service.url, ISSUER);
    const page = await browser.get('/sign-in');
    expect(page.status).toBe(200);
    const wrong = await browser.submit(page, { email, password: 'wrong password' });
    expect([wrong.status, wrong.html]).toEqual([401, expect.stringContaining('data-problem="wrong-credentials"')]);
    await browser.submit(wrong, { email, password });
    expect(browser.cookies.has('countersign-session')).toBe(true);
    expect(new URL((await browser.get('/sign-in')).url).pathname).toBe('/account');
  });

  it('refuses a form that is not its own (RFC 9700 §4.7)', async () => {
    const { email, password } = await signUp(service.url);
    const browser = new Browser(service.url, ISSUER);
    const page = await browser.get('/sign-in');
    const attempts = [
      browser.submit(page, { email, password, csrf: '' }),
      browser.submit(page, { email, password }, { 'sec-fetch-site': 'cross-site' }),
      new Browser(service.url, ISSUER).submit(page, { email, password }),
    ];
    for (const answer of await Promise.all(attempts)) expect(answer.status).toBe(400);
    expect(browser.cookies.has('countersign-session')).toBe(false);
  });
});
