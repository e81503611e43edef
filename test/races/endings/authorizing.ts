import { parseToken } from '../../../src/protocol/token-string.js';
import { BrowserSessionStore } from '../../../src/storage/browser-session.store.js';
import { ClientStore } from '../../../src/storage/client.store.js';
import { ConsentStore } from '../../../src/storage/consent.store.js';
import { SessionStore } from '../../../src/storage/session.store.js';
import { UserStore } from '../../../src/storage/user.store.js';
import { answerOf, App, newBrowser, pathOf, type Started } from '../../authorization/support/app.js';
import type { Browser, Page } from '../../support/browser.js';
import { codeClient } from '../../support/code-flow.js';
import { signUp } from '../../support/protocol-client.js';
import { untilBothWays } from '../support/both-ways.js';
import { report } from '../support/figures.js';
import { rowsOf } from '../support/one-successor.js';
import { race } from '../support/race.js';
import { PATIENCE, rounds } from '../support/size.js';
import type { Stage } from '../support/stage.js';

/**
 * A browser asks for codes, at either service, while what they rest on ends. Seen to fail: START_APPROVED without `for share` on the consent (codes of a
 * withdrawn consent were redeemed), that looks at the pushed request instead of updating it (several codes of one request).
 */
export function authorizing(stage: Stage): void {
  const now = () => stage.clock.now();
  type Person = Awaited<ReturnType<typeof signUp>>;

  /** One browser, as each of the services sees it. */
  async function signedIn({ email, password }: Person): Promise<readonly [Browser, Browser]> {
    const [first, second] = stage.services.map(newBrowser) as [Browser, Browser];
    const page = await first.submit(await first.get('/sign-in'), { email, password });
    expect(pathOf(page)).toBe('/account');
    for (const [name, value] of first.cookies) second.cookies.set(name, value);
    return [first, second];
  }

  const sidOf = async ({ userId }: Person): Promise<string> => {
    const [browser] = (await stage.get(SessionStore).list(userId, now())).filter(({ client }) => client === undefined);
    return browser?.sid ?? '';
  };

  const agree = (person: Person, app: App) => stage.get(ConsentStore).allow(person.userId, app.client.id, ['openid', 'email'], now());

  const apps = async (): Promise<readonly [App, App]> => {
    const client = await stage.register(codeClient('public'));
    return [new App(client, stage.services[0].url), new App(client, stage.services[1].url)];
  };

  const authorizationOf = (code: string): string => parseToken(code)?.key.authorizationId ?? '';

  async function expectDead(app: App, codes: readonly { code: string; started: Started }[]): Promise<void> {
    for (const { code, started } of codes) {
      const answer = await app.redeem({ redirectUri: app.redirectUri, mode: 'query', parameters: { code } }, started);
      expect(answer.body.error).toBe('invalid_grant');
    }
  }

  describe('Asking for a code races with', () => {
    const endings: [name: string, status: number, refusals: string[], end: (person: Person, client: string) => Promise<boolean>][] = [
      ['withdrawing the consent', 2, ['consent_required'], ({ userId }, client) => stage.get(ConsentStore).withdraw(userId, client, now())],
      [
        'the end of the session',
        2,
        ['login_required'],
        async (person) => stage.get(SessionStore).end(person.userId, await sidOf(person), now()),
      ],
      [
        'signing out',
        2,
        ['login_required'],
        async (person) => stage.get(BrowserSessionStore).signOut(person.userId, await sidOf(person), now()),
      ],
      ['disabling the person', 2, ['login_required'], ({ userId }) => stage.get(UserStore).setEnabled(userId, false, now())],
      // Its own address is not to be trusted any longer, so that the refusal is a page.
      ['disabling the client', 1, ['page'], (_, client) => stage.get(ClientStore).setEnabled(client, false, now())],
    ];

    it.each(endings)(
      '%s: no code slips through',
      async (name, status, refusals, end) => {
        const person = await signUp(stage.services[0].url);
        const { yielded, refused } = await untilBothWays(rounds(3, 20), async () => {
          await stage.get(UserStore).setEnabled(person.userId, true, now());
          const [[app, elsewhere], browsers] = [await apps(), await signedIn(person)];
          await agree(person, app);
          const ask = async (n: number) => {
            const started = app.start({ prompt: 'none' });
            const page = await (browsers[n % 2] ?? browsers[0]).get(started.url);
            const { code, error } = page.status === 0 ? answerOf(page).parameters : { error: 'page', code: undefined };
            expect([...refusals, 'interaction_required', undefined]).toContain(error);
            return code === undefined ? undefined : { code, started };
          };
          const outcome = await race({ attempts: 16, within: 60 }, ask, async () => expect(await end(person, app.client.id)).toBe(true));
          const left = await Promise.all(outcome.yielded.map(({ code }) => rowsOf(stage, authorizationOf(code))));
          expect(left.filter((row) => row.status !== status || row.logged !== status - 1)).toEqual([]);
          if (status === 1) await stage.get(ClientStore).setEnabled(app.client.id, true, now());
          await expectDead(elsewhere, outcome.yielded.slice(0, 2));
          return { yielded: outcome.yielded.length, refused: outcome.refused };
        });
        report(`asking for a code against ${name}: ${yielded} codes, ${refused} refused`);
      },
      PATIENCE,
    );
  });

  describe('One pushed request', () => {
    it(
      'finished in eight tabs at once, at both services, yields one code',
      async () => {
        const person = await signUp(stage.services[0].url);
        const [app, elsewhere] = await apps();
        const browsers = await signedIn(person);
        for (let round = 0; round < rounds(3, 20); round++) {
          const pushed = await app.push({ prompt: 'consent' });
          const pages = await Promise.all(Array.from({ length: 8 }, (_, n) => (browsers[n % 2] ?? browsers[0]).get(pushed.url)));
          expect(pages.map(pathOf)).toEqual(pages.map(() => '/consent'));
          const answers = await Promise.all(
            pages.map((page: Page, n) => (browsers[n % 2] ?? browsers[0]).submit(page, { decision: 'allow' })),
          );
          const [done, ...others] = answers.filter(({ status }) => status === 0);
          expect([others.length, answers.filter(({ status }) => status === 400).length]).toEqual([0, 7]);
          expect((await elsewhere.redeem(answerOf(done as Page), pushed)).status).toBe(200);
        }
      },
      PATIENCE,
    );
  });
}
