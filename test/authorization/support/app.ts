import { randomBytes, randomUUID } from 'node:crypto';
import { Users } from '../../../src/identity/users.js';
import type { Account } from '../../../src/identity/accounts/accounts.js';
import { codeChallenge } from '../../../src/protocol/pkce.js';
import { Browser, formOf, type Page } from '../../support/browser.js';
import type { ClientBuilder, TestClient } from '../../support/clients.js';
import { REDIRECT_URI } from '../../support/code-flow.js';
import { ProtocolClient, type Answer } from '../../support/protocol-client.js';
import { ISSUER, type TestService } from '../../support/service-app.js';

/** Parameters of a request beside, or instead of, the usual ones; undefined leaves one out. */
export type Changes = Readonly<Record<string, string | undefined>>;

/** A request on its way, and what the app keeps of it. */
export interface Started {
  readonly url: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
}

/** What came back to the app. */
export interface AppAnswer {
  readonly redirectUri: string;
  readonly mode: 'query' | 'form_post';
  readonly parameters: Readonly<Record<string, string>>;
}

export const PASSWORD = 'correct horse battery staple';

/** An app that sends people to the authorization endpoint. */
export class App {
  readonly api: ProtocolClient;

  constructor(
    readonly client: TestClient,
    private readonly url: string,
    readonly redirectUri = REDIRECT_URI,
  ) {
    this.api = new ProtocolClient(url, client);
  }

  static async of(service: Pick<TestService, 'get' | 'clock' | 'url'>, builder: ClientBuilder, redirectUri?: string): Promise<App> {
    return new App(await builder.register(service), service.url, redirectUri);
  }

  start(changes: Changes = {}): Started {
    const verifier = randomBytes(32).toString('base64url');
    const [state, nonce] = [randomBytes(16).toString('base64url'), randomBytes(16).toString('base64url')];
    const usual = {
      response_type: 'code',
      client_id: this.client.id,
      redirect_uri: this.redirectUri,
      scope: 'openid email',
      state,
      nonce,
      code_challenge: codeChallenge(verifier),
      code_challenge_method: 'S256',
    };
    const parameters = present({ ...usual, ...changes });
    return { url: `/connect/authorize?${new URLSearchParams(parameters).toString()}`, parameters, verifier, state, nonce };
  }

  /** Pushes a request; the way then begins at `url`. */
  async push(changes: Changes = {}): Promise<Started & { readonly requestUri: string }> {
    const started = this.start(changes);
    const answer = await this.api.form('/connect/par', started.parameters);
    if (answer.status !== 201) throw new Error(`PAR answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    const requestUri = answer.body.request_uri as string;
    const reference = { client_id: this.client.id, request_uri: requestUri };
    return { ...started, requestUri, url: `/connect/authorize?${new URLSearchParams(reference).toString()}` };
  }

  redeem({ parameters: { code = '' } }: AppAnswer, { verifier }: Pick<Started, 'verifier'>, changes: Changes = {}): Promise<Answer> {
    const form = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: this.redirectUri };
    return this.api.token(present({ ...form, ...changes }));
  }
}

/** A person with the usual password. */
export const newPerson = (service: Pick<TestService, 'get'>): Promise<Account> =>
  service.get(Users).create({ email: `${randomUUID()}@example.test`, password: PASSWORD });

export const newBrowser = (service: Pick<TestService, 'url'>): Browser => new Browser(service.url, ISSUER);

/** Fills in the sign-in page. */
export const signIn = (browser: Browser, page: Page, person: Pick<Account, 'email'>): Promise<Page> => {
  if (pathOf(page) !== '/sign-in') throw new Error(`${page.url} is not the sign-in page:\n${page.html.slice(0, 1000)}`);
  return browser.submit(page, { email: person.email, password: PASSWORD });
};

/** A browser in which the person is signed in already. */
export async function signedInBrowser(service: Pick<TestService, 'url'>, person: Pick<Account, 'email'>): Promise<Browser> {
  const browser = newBrowser(service);
  await signIn(browser, await browser.get('/sign-in'), person);
  return browser;
}

export const allow = (browser: Browser, page: Page): Promise<Page> => browser.submit(page, { decision: 'allow' });

/** The app's answer, as the page before it, or the redirect, delivers it. */
export function answerOf(page: Page): AppAnswer {
  if (page.status === 0) {
    const [redirectUri = '', query] = page.url.split('?');
    return { redirectUri, mode: 'query', parameters: Object.fromEntries(new URLSearchParams(query)) };
  }
  const { action, fields } = formOf(page);
  if (new URL(action).origin === ISSUER) throw new Error(`No answer to the app, but ${page.status} at ${page.url}:\n${page.html}`);
  return { redirectUri: action, mode: 'form_post', parameters: fields };
}

export const pathOf = (page: Page): string => new URL(page.url).pathname;

/** The code of the message page. */
export const messageOf = ({ html }: Page): string | undefined => /data-message="([^"]*)"/.exec(html)?.[1];

const present = (parameters: Changes): Record<string, string> =>
  Object.fromEntries(Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
