import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { seriousViolations, tooSmallTargets, widerThanTheScreen } from './support/accessibility.js';
import { SHOWCASE, ShowcaseModule } from './support/showcase.js';
import { Stage, type WatchedPage } from './support/stage.js';

const screenshots = fileURLToPath(new URL('screenshots/', import.meta.url));
const names = Object.keys(SHOWCASE) as (keyof typeof SHOWCASE)[];

let stage: Stage;
beforeAll(async () => {
  await mkdir(screenshots, { recursive: true });
  stage = await Stage.set({ issuance: { imports: [ShowcaseModule] } });
});
afterAll(() => stage?.strike());

const LOOKS = {
  light: {},
  dark: { dark: true },
  narrow: { narrow: true },
  // Longer words: what fits in English may not fit here.
  german: { locale: 'de-AT', narrow: true },
} as const;

describe.each(Object.keys(LOOKS) as (keyof typeof LOOKS)[])('Every page, %s', (look) => {
  let watched: WatchedPage;
  let page: Page;
  beforeAll(async () => {
    watched = await stage.page(LOOKS[look]);
    ({ page } = watched);
    // A page that sends itself would be gone before it was seen.
    await page.route(/form-post\..*\.js$/, (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
  });
  afterAll(() => page.context().close());

  it.each(names)('%s: nothing that keeps people out, nothing asked of others', async (name) => {
    await page.goto(`/showcase/${name}`);
    if (look === 'light' || look === 'dark') {
      await page.screenshot({ path: `${screenshots}${name}-${look}.png`, fullPage: true });
      // Only the colours differ in the dark.
      expect(await seriousViolations(page, look === 'dark' ? ['color-contrast'] : undefined)).toEqual([]);
    }
    expect(await tooSmallTargets(page)).toEqual([]);
    expect(await widerThanTheScreen(page)).toEqual([]);
    expect(await page.locator('h1').count()).toBe(1);
    expect(watched.faults).toEqual([]);
  });
});
