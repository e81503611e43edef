import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { Accounts } from '../../../src/identity/accounts/accounts.js';
import { formatHandle, handleHash, HandlePrefix, newHandle } from '../../../src/protocol/handle-string.js';
import { uuidv7 } from '../../../src/protocol/uuid.js';
import { BrowserSessionStore } from '../../../src/storage/browser-session.store.js';
import { startService, type TestService, type TestServiceOptions } from '../../support/service-app.js';
import { unusedPort } from '../../support/unused-port.js';
import { launchChromium } from './chromium.js';

/** A page, and what happened in its browser that should not. */
export interface WatchedPage {
  readonly page: Page;
  /** Requests to anybody else, blocked content, errors of scripts: in any tab. */
  readonly faults: readonly string[];
}

export interface ContextOptions {
  /** Light is the default, as it is of browsers. */
  readonly dark?: boolean;
  /** As wide as the narrowest phone: WCAG 2.2 §1.4.10. */
  readonly narrow?: boolean;
  readonly javaScript?: boolean;
  readonly locale?: string;
}

/** A service that listens where it says it does, and a real browser. One for each file of tests. */
export class Stage {
  private constructor(
    readonly service: TestService,
    private readonly browser: Browser,
  ) {}

  static async set({ issuance, ...options }: TestServiceOptions = {}): Promise<Stage> {
    const port = await unusedPort();
    const service = await startService({ ...options, port, issuance: { ...issuance, issuer: `http://localhost:${port}` } });
    try {
      return new Stage(service, await launchChromium());
    } catch (error) {
      await service.close();
      throw error;
    }
  }

  get issuer(): string {
    return this.service.issuer;
  }

  /** A person's browser with nothing in it. */
  async context({ dark = false, narrow = false, javaScript = true, locale = 'en-GB' }: ContextOptions = {}): Promise<BrowserContext> {
    const options: BrowserContextOptions = {
      baseURL: this.issuer,
      colorScheme: dark ? 'dark' : 'light',
      viewport: narrow ? { width: 320, height: 640 } : { width: 1100, height: 800 },
      javaScriptEnabled: javaScript,
      locale,
      reducedMotion: 'reduce', // so that screenshots show where things come to rest
    };
    const context = await this.browser.newContext(options);
    context.setDefaultTimeout(10_000);
    return context;
  }

  async page(options: ContextOptions = {}): Promise<WatchedPage> {
    const context = await this.context(options);
    const faults = watch(context, this.issuer);
    return { page: await context.newPage(), faults };
  }

  /** Runs a journey in a browser of its own; nothing in any of its tabs may be blocked, fail, or ask anybody else. */
  async journey(options: ContextOptions, travel: (page: Page) => Promise<void>): Promise<void> {
    const { page, faults } = await this.page(options);
    try {
      await travel(page);
      expect(faults).toEqual([]);
    } catch (error) {
      throw new Error(`On the way, at ${page.url()}:\n${await textOf(page)}`, { cause: error });
    } finally {
      await page.context().close();
    }
  }

  /** As the sign-in page would have left the browser, for journeys that begin later; whoever was signed in is forgotten. */
  async signIn(page: Page, { userId }: { readonly userId: string }): Promise<void> {
    const now = this.service.clock.now();
    const account = await this.service.get(Accounts).find({ id: userId });
    const handle = newHandle(uuidv7(now));
    const opened = await this.service.get(BrowserSessionStore).open({
      ...{ sid: handle.id, subject: userId, amr: ['pwd'], authenticatedAt: now, expiresAt: new Date(now.getTime() + 86_400_000) },
      hash: handleHash(HandlePrefix.session, handle),
      ...(account?.credentialVersion !== undefined && { credentialVersion: account.credentialVersion }),
    });
    if (!opened) throw new Error('The session was not opened.');
    const cookie = { name: 'countersign-session', value: formatHandle(HandlePrefix.session, handle), url: this.issuer };
    await page.context().addCookies([{ ...cookie, httpOnly: true, sameSite: 'Lax' }]);
  }

  async strike(): Promise<void> {
    await this.browser.close();
    await this.service.close();
  }
}

function watch(context: BrowserContext, issuer: string): readonly string[] {
  const faults: string[] = [];
  context.on('request', (request) => {
    if (!request.isNavigationRequest() && !request.url().startsWith(`${issuer}/`)) faults.push(`asked ${request.url()}`);
  });
  context.on('console', (message) => {
    // A refused form is a 401, 409 or 429, which Chromium calls an error of the page.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(message.text());
  });
  context.on('weberror', (error) => faults.push(error.error().message));
  return faults;
}

/** What a person would see, for the message of a test that failed there. */
const textOf = (page: Page): Promise<string> =>
  page
    .locator('body')
    .innerText({ timeout: 1_000 })
    .catch(() => '');
