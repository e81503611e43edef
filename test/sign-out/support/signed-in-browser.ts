import { BrowserSessions, type BrowserSession } from '../../../src/identity/browser/browser-sessions.js';
import { Browser } from '../../support/browser.js';
import { signUp } from '../../support/protocol-client.js';
import type { TestService } from '../../support/service-app.js';

/** A person signed in with a browser, at the service's own page. */
export interface SignedInBrowser {
  readonly browser: Browser;
  readonly email: string;
  readonly password: string;
  readonly userId: string;
  readonly session: BrowserSession;
}

type Service = Pick<TestService, 'url' | 'issuer' | 'get'>;

export async function signedInBrowser(service: Service): Promise<SignedInBrowser> {
  const { email, password, userId } = await signUp(service.url);
  const browser = new Browser(service.url, service.issuer);
  await signInWith(browser, { email, password });
  const session = await sessionOf(service, browser);
  if (!session) throw new Error('The person was not signed in.');
  return { browser, email, password, userId, session };
}

export async function signInWith(browser: Browser, { email, password }: { email: string; password: string }): Promise<void> {
  await browser.submit(await browser.get('/sign-in'), { email, password });
}

/** Who is signed in with this browser; undefined: nobody. */
export function sessionOf(service: Pick<TestService, 'get'>, browser: Browser): Promise<BrowserSession | undefined> {
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  return service.get(BrowserSessions).current({ ip: '127.0.0.1', headers: { cookie } });
}
