import { randomBytes } from 'node:crypto';
import type { Account } from '../../../src/identity/accounts/accounts.js';
import { KeyRing } from '../../../src/issuance/keys/key-ring.js';
import { KeyRotation } from '../../../src/issuance/keys/key-rotation.js';
import { TokenMaintenance } from '../../../src/issuance/maintenance/token-maintenance.js';
import { sha256 } from '../../../src/protocol/hashing.js';
import { ClientStore, type ClientSettings } from '../../../src/storage/client.store.js';
import { DEVICE_CODE, PersonalBrowser } from '../../device/support/device-flow.js';
import { allow, answerOf, type App, type Started } from '../../authorization/support/app.js';
import { formOf, type Browser } from '../../support/browser.js';
import { confidentialClient, resourceServer, type TestClient } from '../../support/clients.js';
import { CodeFlow, codeClient, type Approval, type IssuedCode } from '../../support/code-flow.js';
import { exchange, type RawAnswer, type RawRequest } from '../../support/exchange.js';
import type { TestService } from '../../support/service-app.js';
import type { KnownSecrets } from './known-secrets.js';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const JSON_BODY = { 'content-type': 'application/json' };
const TOKEN_FIELDS = ['access_token', 'refresh_token', 'id_token', 'accessToken', 'refreshToken', 'device_code', 'user_code'];
const FIRST_PARTY: TestClient = { id: 'first-party', secret: undefined };

/** Uses the service as people, clients and fools do, and remembers every secret that comes by. */
export class Story {
  private count = 0;

  constructor(
    private readonly service: TestService,
    private readonly secrets: KnownSecrets,
  ) {}

  async send(request: RawRequest): Promise<RawAnswer> {
    const answer = await exchange(this.service.url, request);
    for (const field of TOKEN_FIELDS) {
      const token: unknown = answer.body?.[field];
      if (typeof token === 'string') this.secrets.remember(`${field} ${++this.count}`, token);
    }
    return answer;
  }

  password(): string {
    const password = `pass "word" ${randomBytes(12).toString('base64')} \u00fc`;
    this.secrets.remember(`password ${++this.count}`, password);
    return password;
  }

  async client(settings: ClientSettings = {}): Promise<TestClient> {
    const client = await confidentialClient().withScopes('todos:read').withSettings(settings).register(this.service);
    return this.knownClient(client);
  }

  async api(): Promise<TestClient> {
    return this.knownClient(await resourceServer().register(this.service));
  }

  /** A client that signs people in. */
  async codeFlow(settings: ClientSettings = {}): Promise<CodeFlow> {
    const flow = await CodeFlow.of(this.service, codeClient('confidential').withSettings(settings));
    this.knownClient(flow.client);
    return flow;
  }

  /** A code; what it is bound to is nobody's business either. */
  async code(flow: CodeFlow, approval: Approval): Promise<IssuedCode> {
    const issued = await flow.issue(approval);
    for (const name of ['code', 'verifier', 'nonce'] as const) this.secrets.remember(`${name} ${++this.count}`, issued[name]);
    return issued;
  }

  redeem({ client }: CodeFlow, { code, verifier, redirectUri }: IssuedCode): Promise<RawAnswer> {
    const form = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri };
    return this.form('/connect/token', form, client);
  }

  /** A person goes from an app to its code, by a request of the browser's own or a pushed one. Returns the code. */
  async way(browser: Browser, app: App, pushed: boolean): Promise<string> {
    const changes = { prompt: 'consent', login_hint: 'ada@example.test' };
    const started: Started & { readonly requestUri?: string } = pushed ? await app.push(changes) : app.start(changes);
    for (const name of ['verifier', 'state', 'nonce'] as const) this.secrets.remember(`${name} ${++this.count}`, started[name]);
    const reference = started.requestUri?.replace(/^.*:/, '');
    if (reference !== undefined) this.secrets.remember(`request URI ${++this.count}`, reference);
    const page = await browser.get(started.url);
    for (const [name, value] of Object.entries(formOf(page).fields)) this.secrets.remember(`${name} ${++this.count}`, value);
    const { code = '' } = answerOf(await allow(browser, page)).parameters;
    this.secrets.remember(`code ${++this.count}`, code);
    await browser.get(page.url.replace(/.{6}$/, 'abcdef'));
    return code;
  }

  /** A device that asks for codes; in every spelling that a person might type. */
  async deviceCodes(client: TestClient): Promise<{ deviceCode: string; userCode: string }> {
    const { body } = await this.form('/connect/device', { scope: 'todos:read offline_access openid' }, client);
    const bare: string = body.user_code.replace('-', '');
    for (const typed of [bare, bare.toLowerCase(), body.user_code.toLowerCase()]) this.secrets.remember(`user_code ${++this.count}`, typed);
    return { deviceCode: body.device_code, userCode: body.user_code };
  }

  poll(client: TestClient, deviceCode: string): Promise<RawAnswer> {
    return this.form('/connect/token', { grant_type: DEVICE_CODE, device_code: deviceCode }, client);
  }

  /** A browser of somebody who is signed in, and what it and its pages hold. */
  async browser(account: Account): Promise<PersonalBrowser> {
    const browser = await new PersonalBrowser(this.service).signIn(account);
    const page = await browser.get('/activate');
    for (const [name, value] of browser.cookies) this.secrets.remember(`cookie ${name}`, value);
    this.secrets.remember('token of a form', formOf(page).fields['csrf'] ?? '');
    return browser;
  }

  /** A further secret, as `client rotate-secret` gives. */
  async rotateSecret({ id }: TestClient): Promise<TestClient> {
    const secret = `cs_cs_${randomBytes(32).toString('base64url')}`;
    const now = this.service.clock.now();
    await this.service.get(ClientStore).addSecret(id, sha256(secret), now, now);
    return this.knownClient({ id, secret });
  }

  form(
    path: string,
    fields: Record<string, string>,
    { id, secret }: TestClient = FIRST_PARTY,
    more: Record<string, string> = {},
  ): Promise<RawAnswer> {
    const authorization =
      secret === undefined ? undefined : `Basic ${Buffer.from([id, secret].map(encodeURIComponent).join(':')).toString('base64')}`;
    if (authorization !== undefined) this.secrets.remember(`header ${++this.count}`, authorization);
    return this.send({
      path,
      headers: { ...FORM, ...(authorization !== undefined && { authorization }), ...more },
      body: new URLSearchParams({ ...(secret === undefined && { client_id: id }), ...fields }).toString(),
    });
  }

  refresh(refreshToken: string, client?: TestClient): Promise<RawAnswer> {
    return this.form('/connect/token', { grant_type: 'refresh_token', refresh_token: refreshToken }, client);
  }

  json(path: string, body?: object, bearer?: string, method = 'POST'): Promise<RawAnswer> {
    return this.send({
      method,
      path: `/auth/${path}`,
      headers: { ...(body && JSON_BODY), ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }) },
      ...(body && { body: JSON.stringify(body) }),
    });
  }

  /** Sends a secret everywhere it does not belong. */
  async misplace(secret: string): Promise<void> {
    const query = encodeURIComponent(secret);
    const plain = /^[!-~]+$/.test(secret) ? secret : query;
    const paths = [
      '/connect/token',
      '/connect/introspect',
      '/connect/revoke',
      '/connect/userinfo',
      '/connect/revocations',
      '/connect/revocations/snapshot',
      '/auth/login',
      '/auth/me',
      '/health/ready',
      '/nowhere',
    ];
    for (const path of paths) {
      for (const method of ['GET', 'POST']) {
        await this.send({
          method,
          path: `${path}?token=${query}&access_token=${query}&password=${query}`,
          headers: JSON_BODY,
          body: method === 'GET' ? '' : '{}',
        });
      }
    }
    await this.send({ method: 'GET', path: `/${query}` });
    await this.send({ method: 'DELETE', path: `/auth/sessions/${query}` });
    for (const name of [
      'x-request-id',
      'cookie',
      'authorization',
      'origin',
      'referer',
      'traceparent',
      'host',
      'content-type',
      'if-none-match',
    ]) {
      await this.send({
        path: '/connect/token',
        headers: { ...FORM, [name]: plain },
        body: `grant_type=${query}&scope=${query}&resource=${query}`,
      });
      await this.send({ method: 'GET', path: '/.well-known/jwks.json', headers: { [name]: plain } });
      await this.send({ method: 'GET', path: '/auth/me', headers: { [name]: plain } });
    }
    for (const field of [
      'client_id',
      'client_secret',
      'grant_type',
      'scope',
      'resource',
      'refresh_token',
      'code',
      'code_verifier',
      'token',
    ]) {
      await this.form('/connect/token', { grant_type: 'client_credentials', [field]: secret });
      await this.form('/connect/token', { grant_type: 'authorization_code', code: 'x', [field]: secret });
      await this.form('/connect/revoke', { token: 'x', [field]: secret });
      await this.form('/connect/introspect', { token: 'x', [field]: secret });
    }
    // Broken JSON: the parser's message quotes it.
    await this.send({ path: '/auth/login', headers: JSON_BODY, body: `{"password": "${plain}" x` });
    await this.send({ path: '/auth/login', headers: JSON_BODY, body: plain });
    await this.json('login', { email: 'someone@example.test', password: secret, extra: secret });
    await this.json('login', { email: `${plain}@example.test`, password: 'x' });
    await this.json('refresh', { refreshToken: secret, accessToken: secret });
    await this.json('logout', { refreshToken: secret });
  }

  /** Keys and master key, as they are at this moment, and after a rotation. */
  async rememberKeys(): Promise<void> {
    const { secrets, service } = this;
    const ring = service.get(KeyRing);
    secrets.remember('master key', service.masterKey);
    await service.get(KeyRotation).rotateNow();
    await service.get(TokenMaintenance).round();
    for (const algorithm of ['ES256', 'RS256'] as const) {
      const { privateKey, kid } = ring.signing(algorithm);
      const name = `private key ${algorithm} ${kid}`;
      const { d, p, q, dp, dq, qi } = privateKey.export({ format: 'jwk' });
      for (const part of [d, p, q, dp, dq, qi]) if (part !== undefined) secrets.remember(name, Buffer.from(part, 'base64url'));
      secrets.remember(name, privateKey.export({ format: 'der', type: 'pkcs8' }));
      const [, ...lines] = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString().trim().split('\n');
      for (const line of lines.slice(1, -1)) secrets.remember(name, line);
    }
    secrets.remember('derivation key', ring.derivation().secret);
    secrets.remember('sealing key', ring.sealing().secret);
  }

  private knownClient(client: TestClient): TestClient {
    this.secrets.remember(`client secret ${++this.count}`, client.secret ?? '');
    return client;
  }
}
