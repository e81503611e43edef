import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { startService, type TestService, type TestServiceOptions } from '../../support/service-app.js';
import { unusedPort } from '../../support/unused-port.js';
import { launchChromium } from './chromium.js';

/** A page, and what happened in it that should not. */
export interface WatchedPage {
  readonly page: Page;
  /** Requests to anybody else, blocked content, errors of scripts. */
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
    const page = await (await this.context(options)).newPage();
    return { page, faults: watch(page, this.issuer) };
  }

  async strike(): Promise<void> {
    await this.browser.close();
    await this.service.close();
  }
}

function watch(page: Page, issuer: string): readonly string[] {
  const faults: string[] = [];
  page.on('request', (request) => {
    if (!request.isNavigationRequest() && !request.url().startsWith(`${issuer}/`)) faults.push(`asked ${request.url()}`);
  });
  page.on('console', (message) => {
    // A refused form is a 401, 409 or 429, which Chromium calls an error of the page.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  return faults;
}
