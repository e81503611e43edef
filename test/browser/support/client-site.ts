import { setTimeout as sleep } from 'node:timers/promises';
import * as openid from 'openid-client';
import type { Page } from 'playwright-core';
import type { TestClient } from '../../support/clients.js';
import { codeClient } from '../../support/code-flow.js';
import { OtherSite } from './other-site.js';
import type { Stage } from './stage.js';

type Parameters = Readonly<Record<string, string>>;

/** What came back to the site. */
export interface CallbackAnswer {
  readonly method: string;
  readonly parameters: Parameters;
}

export interface ClientSiteOptions {
  readonly name?: string;
  readonly type?: 'public' | 'confidential';
}

/** An app's site: people sign in to it by openid-client as it comes. Nothing is handed to that but the issuer, the client, and the time on the stage. */
export class ClientSite {
  private constructor(
    private readonly stage: Stage,
    private readonly site: OtherSite,
    readonly client: TestClient,
    private readonly metadata: openid.ServerMetadata,
  ) {}

  static async open(stage: Stage, { name = 'Kettle & Sparrows', type = 'confidential' }: ClientSiteOptions = {}): Promise<ClientSite> {
    const site = await OtherSite.open();
    const builder = codeClient(type).with({
      displayName: name,
      redirectUris: [`${site.origin}/callback`],
      postLogoutRedirectUris: [`${site.origin}/signed-out`],
    });
    const client = await builder
      .withScopes('openid', 'profile', 'email', 'roles', 'offline_access', 'todos:read', 'todos:write')
      .register(stage.service);
    const config = await openid.discovery(new URL(stage.issuer), client.id, undefined, openid.None(), {
      execute: [openid.allowInsecureRequests],
    });
    return new ClientSite(stage, site, client, config.serverMetadata());
  }

  get redirectUri(): string {
    return `${this.site.origin}/callback`;
  }

  get signedOutUri(): string {
    return `${this.site.origin}/signed-out`;
  }

  /** At this moment: the library's clock would not know how the one of the stage was moved. */
  config(): openid.Configuration {
    const { id, secret } = this.client;
    const skew = Math.round((this.stage.service.clock.now().getTime() - Date.now()) / 1000);
    const authentication = secret === undefined ? openid.None() : openid.ClientSecretBasic(secret);
    const config = new openid.Configuration(this.metadata, id, { [openid.clockSkew]: skew }, authentication);
    openid.allowInsecureRequests(config);
    openid.enableNonRepudiationChecks(config); // signatures, though tokens come by a direct line
    return config;
  }

  /** A sign-in that begins: what the site keeps of it. */
  async begin(more: Parameters = {}, { pushed = false } = {}): Promise<SiteSignIn> {
    const verifier = openid.randomPKCECodeVerifier();
    const parameters = {
      redirect_uri: this.redirectUri,
      scope: 'openid email',
      state: openid.randomState(),
      nonce: openid.randomNonce(),
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...more,
    };
    const config = this.config();
    const url = pushed ? await openid.buildAuthorizationUrlWithPAR(config, parameters) : openid.buildAuthorizationUrl(config, parameters);
    return new SiteSignIn(this, this.site, url.href, { verifier, parameters });
  }

  /** A page of the site with a link to somewhere, clicked. */
  async leadTo(page: Page, url: string): Promise<void> {
    await page.goto(this.site.show('/', `<title>The app</title><h1>The app</h1><a href="${url.replaceAll('&', '&amp;')}">Go</a>`));
    await page.getByRole('link').click();
  }

  /** The same by a form of the site's. */
  async send(page: Page, url: string): Promise<void> {
    const { origin, pathname, searchParams } = new URL(url);
    const fields = [...searchParams].map(
      ([name, value]) => `<input type="hidden" name="${name}" value="${value.replaceAll('&', '&amp;')}">`,
    );
    const form = `<form method="post" action="${origin}${pathname}">${fields.join('')}<button>Go</button></form>`;
    await page.goto(this.site.show('/', `<title>The app</title><h1>The app</h1>${form}`));
    await page.getByRole('button').click();
  }

  async isActive(token: string): Promise<boolean> {
    return (await openid.tokenIntrospection(this.config(), token)).active;
  }

  refresh(token: string): Promise<openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers> {
    return openid.refreshTokenGrant(this.config(), token);
  }

  close(): Promise<void> {
    return this.site.close();
  }
}

/** One sign-in at the site, from the link to the tokens. */
export class SiteSignIn {
  constructor(
    private readonly app: ClientSite,
    private readonly site: OtherSite,
    readonly url: string,
    private readonly kept: {
      readonly verifier: string;
      readonly parameters: { readonly state: string; readonly nonce: string } & Parameters;
    },
  ) {}

  get state(): string {
    return this.kept.parameters.state;
  }

  /** The person signs in at the site, which sends them to us. */
  async start(page: Page): Promise<void> {
    await page.goto(this.site.redirect(`/sign-in/${this.state}`, this.url));
  }

  /** What has come back so far. */
  get answers(): readonly CallbackAnswer[] {
    return this.site.received.flatMap(({ method, path, body }) => {
      const [place, query] = path.split('?');
      const parameters = Object.fromEntries(new URLSearchParams(method === 'POST' ? body : query));
      return place === '/callback' && parameters['state'] === this.state ? [{ method, parameters }] : [];
    });
  }

  /** The last answer, once the browser has brought one. */
  async answer(page: Page): Promise<CallbackAnswer> {
    await page.waitForURL(`${this.app.redirectUri}*`);
    for (const until = performance.now() + 10_000; performance.now() < until; await sleep(20)) {
      const last = this.answers.at(-1);
      if (last) return last;
    }
    throw new Error('Nothing came back for this sign-in.');
  }

  /** What it came to: every check of the library's included. */
  async tokens(page: Page): Promise<openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers> {
    const { method, parameters } = await this.answer(page);
    const body = new URLSearchParams(parameters);
    const back =
      method === 'POST' ? new Request(this.app.redirectUri, { method, body }) : new URL(`${this.app.redirectUri}?${body.toString()}`);
    const { max_age: maxAge, state, nonce } = this.kept.parameters as Parameters;
    return openid.authorizationCodeGrant(this.app.config(), back, {
      pkceCodeVerifier: this.kept.verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
      ...(maxAge !== undefined && { maxAge: Number(maxAge) }),
    } as openid.AuthorizationCodeGrantChecks);
  }
}
