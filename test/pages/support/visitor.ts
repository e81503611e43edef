import { Browser, type Page } from '../../support/browser.js';
import { signUp } from '../../support/protocol-client.js';
import type { TestService } from '../../support/service-app.js';

export type Person = Awaited<ReturnType<typeof signUp>>;

export const newBrowser = ({ url, issuer }: TestService): Browser => new Browser(url, issuer);

/** Of a person who has an account and a browser in which they are signed in; and, by signing up, a session of the first-party app. */
export async function signedIn(service: TestService, browser = newBrowser(service)): Promise<{ browser: Browser; person: Person }> {
  const person = await signUp(service.url);
  await signIn(browser, person);
  return { browser, person };
}

export async function signIn(browser: Browser, { email, password }: { email: string; password: string }): Promise<Page> {
  const page = await browser.submit(await browser.get('/sign-in'), { email, password });
  if (new URL(page.url).pathname !== '/account') throw new Error(`Signing in led to ${page.url}, ${page.status}:\n${page.html}`);
  return page;
}

/** What the page says went wrong, as a code. */
export const problemOf = ({ html }: Page): string | undefined => /data-problem="([^"]*)"/.exec(html)?.[1];
export const messageOf = ({ html }: Page): string | undefined => /data-message="([^"]*)"/.exec(html)?.[1];
export const noticeOf = ({ html }: Page): string | undefined => /data-notice="([^"]*)"/.exec(html)?.[1];

/** Values of an attribute, in the order of the page. */
export const all = ({ html }: Page, attribute: string): string[] =>
  [...html.matchAll(new RegExp(`${attribute}="([^"]*)"`, 'g'))].map(([, value = '']) => value);

/** Element by element, what a person reads. */
export const textOf = ({ html }: Page): string =>
  html
    .replace(/<head>[^]*<\/head>/, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
