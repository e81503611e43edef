import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** What axe-core finds that would keep people out: rule, and where. @param rules all of them, unless some are named */
export async function seriousViolations(page: Page, rules?: readonly string[]): Promise<string[]> {
  await page.evaluate(axe.source); // as a tool of the browser, not a script of the page: its policy stays in force
  const options = { resultTypes: ['violations'], preload: false, ...(rules && { runOnly: rules }) };
  const { violations } = await page.evaluate<axe.AxeResults>(`axe.run(${JSON.stringify(options)})`);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}

/** What cannot be hit with a finger: less than 44 px high or wide (WCAG 2.2 §2.5.5). */
export const tooSmallTargets = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(`
    [...document.querySelectorAll('a, button, input:not([type=hidden])')].flatMap((element) => {
      const { width, height } = element.getBoundingClientRect();
      return width < 44 || height < 44 ? [element.outerHTML + ' is ' + width + ' × ' + height] : [];
    })`);

/** What reaches beyond the screen's edge, so that one would have to scroll both ways (WCAG 2.2 §1.4.10). */
export const widerThanTheScreen = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(`
    document.documentElement.scrollWidth <= document.documentElement.clientWidth ? [] :
    [...document.querySelectorAll('body *')].filter((element) => element.getBoundingClientRect().right > innerWidth).map((element) => element.outerHTML)`);

/** What a page is made of, without its words: elements, roles, classes, and how wide it is. */
export const shapeOf = (page: Page): Promise<string> =>
  page.evaluate<string>(`
    [innerWidth, ...[...document.querySelectorAll('*')].map((element) => element.tagName + [...element.attributes]
      .filter(({ name }) => !['value', 'href', 'action', 'src'].includes(name) && !name.startsWith('data-'))
      .map(({ name, value }) => name + '=' + value))].join(' ')`);
