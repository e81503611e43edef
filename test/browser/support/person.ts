import type { Page } from 'playwright-core';
import { seriousViolations, shapeOf, tooSmallTargets, widerThanTheScreen } from './accessibility.js';

export interface Person {
  readonly email: string;
  readonly password: string;
}

/** Pages that axe has nothing new to say of: it takes half a second for each. */
const seen = new Set<string>();

/** Waits for a page of ours, and looks at it: nothing on any page that people come across keeps somebody out. */
export async function arrive(page: Page, heading: string | RegExp): Promise<void> {
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  expect(await widerThanTheScreen(page)).toEqual([]);
  expect(await tooSmallTargets(page)).toEqual([]);
  if (await page.evaluate<boolean>("matchMedia('(scripting: none)').matches")) return; // axe could not run there
  const shape = await shapeOf(page);
  if (!seen.has(shape)) expect(await seriousViolations(page)).toEqual([]);
  seen.add(shape);
}

/** The form reaches us twice, as by an impatient second click: the first answer is lost, the second is seen. */
export async function pressTwice(page: Page, name: string): Promise<void> {
  const button = page.getByRole('button', { name, exact: true });
  const [action, ...fields] = await button.evaluate<[string, ...[string, string][]], HTMLButton>((element) => [
    element.form.action,
    ...[...element.form.querySelectorAll('input')].map((input): [string, string] => [input.name, input.value]),
    [element.name, element.value],
  ]);
  await page.request.post(action, { form: Object.fromEntries(fields), maxRedirects: 0 });
  await button.click();
}

/** As much of a button as is read here: the tests know no types of the browser. */
interface HTMLButton {
  readonly name: string;
  readonly value: string;
  readonly form: {
    readonly action: string;
    querySelectorAll(selector: string): Iterable<{ readonly name: string; readonly value: string }>;
  };
}

export const press = (page: Page, name: string | RegExp): Promise<void> => page.getByRole('button', { name, exact: true }).click();

export async function fillIn(page: Page, { email, password }: Person): Promise<void> {
  await page.getByLabel(/E-[Mm]ail/).fill(email);
  await page.getByLabel(/[Pp]assw/).fill(password);
}

/** On the sign-in page. */
export async function enter(page: Page, person: Person): Promise<void> {
  await arrive(page, 'Sign in');
  await fillIn(page, person);
  await press(page, 'Sign in');
}

/** Without an app: ends on the account page. */
export async function signIn(page: Page, person: Person): Promise<void> {
  await page.goto('/sign-in');
  await fillIn(page, person);
  await press(page, 'Sign in');
  await page.waitForURL('**/account');
}

/** What has the keyboard's attention, by its name or text. */
export const focused = (page: Page): Promise<string> =>
  page.evaluate<string>('document.activeElement.name || document.activeElement.textContent.trim() || document.activeElement.tagName');
