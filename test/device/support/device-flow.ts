import type { Account } from '../../../src/identity/accounts/accounts.js';
import { formatHandle, handleHash, HandlePrefix, newHandle } from '../../../src/protocol/handle-string.js';
import { uuidv7 } from '../../../src/protocol/uuid.js';
import { BrowserSessionStore } from '../../../src/storage/browser-session.store.js';
import { Browser, type Page } from '../../support/browser.js';
import { confidentialClient, publicClient, type ClientBuilder, type TestClient } from '../../support/clients.js';
import { person } from '../../support/code-flow.js';
import { ProtocolClient, type Answer, type Form } from '../../support/protocol-client.js';
import type { TestService } from '../../support/service-app.js';

export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

/** A client whose people sign in on another device. Scopes and settings may still be changed. */
export const deviceClient = (type: 'public' | 'confidential' = 'public'): ClientBuilder =>
  (type === 'public' ? publicClient() : confidentialClient()).with({ displayName: 'Living room TV' }).withPermissions({
    endpoints: ['token', 'revocation', 'introspection', 'device'],
    grantTypes: [DEVICE_CODE, 'refresh_token'],
    scopes: ['todos:read', 'openid', 'offline_access', 'email', 'roles'],
  });

/** What is wrong with an answer, as RFC 6749 §5.2 says it. */
export const outcome = ({ status, body }: Answer): unknown[] => [status, body?.error];

/** A television, a command line: shows a code and polls. */
export class Device {
  readonly api: ProtocolClient;

  constructor(
    service: Pick<TestService, 'url'>,
    readonly client: TestClient,
  ) {
    this.api = new ProtocolClient(service.url, client);
  }

  /** What it asks for, and how that is answered. */
  ask(form: Form = { scope: 'todos:read' }): Promise<Answer> {
    return this.api.form('/connect/device', form);
  }

  /** The codes it gets. */
  async start(scope = 'todos:read'): Promise<{ deviceCode: string; userCode: string; complete: string }> {
    const { status, body } = await this.ask({ scope });
    if (status !== 200) throw new Error(`/connect/device answered ${status}: ${JSON.stringify(body)}`);
    return { deviceCode: body.device_code, userCode: body.user_code, complete: body.verification_uri_complete };
  }

  poll(deviceCode: string, more: Form = {}): Promise<Answer> {
    return this.api.token({ grant_type: DEVICE_CODE, device_code: deviceCode, ...more });
  }
}

/** The browser of a person, at an address of the person's own. */
export class PersonalBrowser extends Browser {
  constructor(
    private readonly at: TestService,
    readonly address = freshAddress(),
  ) {
    super(at.url, at.issuer);
  }

  /** As the sign-in page would have left it; also another person than before. */
  async signIn(account: Account): Promise<this> {
    const now = this.at.clock.now();
    const handle = newHandle(uuidv7(now));
    const { credentialVersion } = account;
    const opened = await this.at.get(BrowserSessionStore).open({
      ...{ sid: handle.id, subject: account.id, amr: ['pwd'], authenticatedAt: now, expiresAt: new Date(now.getTime() + 86_400_000) },
      hash: handleHash(HandlePrefix.session, handle),
      ...(credentialVersion !== undefined && { credentialVersion }),
    });
    if (!opened) throw new Error('The session was not opened.');
    this.cookies.set('countersign-session', formatHandle(HandlePrefix.session, handle));
    return this;
  }

  /** Types a code into the page for it. */
  async enter(userCode: string): Promise<Page> {
    return this.submit(await this.get('/activate'), { user_code: userCode });
  }

  /** Types a code and presses a button of the page that it leads to. */
  async answer(userCode: string, decision: 'allow' | 'deny' = 'allow'): Promise<Page> {
    return this.submit(await this.enter(userCode), { decision });
  }

  protected override async exchange(url: string, { method = 'GET', headers, body }: RequestInit): Promise<Response> {
    const answer = await this.at.app.inject({
      method: method as 'GET' | 'POST',
      url: url.slice(this.at.url.length),
      remoteAddress: this.address,
      headers: headers as Record<string, string>,
      ...(body !== undefined && { payload: body as string }),
    });
    const received = new Headers();
    for (const [name, value] of Object.entries(answer.headers))
      for (const each of [value ?? []].flat()) received.append(name, String(each));
    return new Response(answer.statusCode === 204 || answer.statusCode === 303 ? null : answer.rawPayload, {
      status: answer.statusCode,
      headers: received,
    });
  }
}

/** Somebody who is signed in, at an address of their own. */
export const signedIn = async (service: TestService, account?: Account, address?: string): Promise<PersonalBrowser> =>
  new PersonalBrowser(service, address).signIn(account ?? (await person(service)));

let addresses = 0;
export const freshAddress = (): string => `10.0.${(++addresses >> 8) & 255}.${addresses & 255}`;

/** What a page says went wrong with the form before, or what its message is. */
export const problemOf = ({ html }: Page): string | undefined => /data-problem="([^"]*)"/.exec(html)?.[1];
export const messageOf = ({ html }: Page): string | undefined => /data-message="([^"]*)"/.exec(html)?.[1];
