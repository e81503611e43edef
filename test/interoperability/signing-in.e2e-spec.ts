import type { Account } from '../../src/identity/accounts/accounts.js';
import { answerOf, allow, newPerson, signIn } from '../authorization/support/app.js';
import { AssertingClient, clientKey } from '../support/assertions.js';
import { Browser } from '../support/browser.js';
import { codeClient } from '../support/code-flow.js';
import { claimsOf } from '../support/jwt.js';
import { startReachableService } from '../support/reachable-service.js';
import type { TestService } from '../support/service-app.js';
import {
  oauth4webapi,
  openidClient,
  type AppClient,
  type Begun,
  type Connect,
  type Method,
  type RelyingParty,
} from './support/relying-party.js';

const RESOURCES = ['https://todos.example', 'https://notes.example'];

let service: TestService;
let person: Account;
let clients: Record<Method, AppClient>;

beforeAll(async () => {
  service = await startReachableService();
  person = await newPerson(service);
  const confidential = () => codeClient('confidential').withPermissions({ resources: RESOURCES });
  const key = await clientKey();
  clients = {
    private_key_jwt: { id: (await AssertingClient.register(confidential(), service, { key })).id, secret: undefined, key },
    client_secret_basic: await confidential().register(service),
    client_secret_post: await confidential().with({ authenticationMethod: 'client_secret_post' }).register(service),
    none: await codeClient('public').withPermissions({ resources: RESOURCES }).register(service),
  };
});
afterAll(() => service.close());

/** The person signs in, and agrees; the browser comes back to the app as the app asked for. */
async function throughBrowser({ url }: Begun): Promise<URL | Request> {
  const browser = new Browser(service.url, service.issuer);
  const consent = await signIn(browser, await browser.get(url.href), person);
  const last = consent.status === 200 && new URL(consent.url).pathname === '/consent' ? await allow(browser, consent) : consent;
  const { redirectUri, mode, parameters } = answerOf(last);
  const body = new URLSearchParams(parameters);
  return mode === 'query' ? new URL(`${redirectUri}?${body.toString()}`) : new Request(redirectUri, { method: 'POST', body });
}

/** The same answer, and a parameter of it set or taken away on the way. */
async function tampered(back: Promise<URL | Request>, name: string, value?: string): Promise<URL> {
  const url = new URL((await back) as URL);
  if (value === undefined) url.searchParams.delete(name);
  else url.searchParams.set(name, value);
  return url;
}

/** Why the library itself refused; openid-client wraps what oauth4webapi says. */
async function complaint(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => new Error('nothing'),
    (reason: Error) => reason,
  );
  return `${error.message} ${error.cause instanceof Error ? error.cause.message : ''}`;
}

describe.each<[name: string, connect: Connect]>([
  ['openid-client', openidClient],
  ['oauth4webapi', oauth4webapi],
])('%s signs a person in', (_, connect) => {
  const app = (method: Method): Promise<RelyingParty> => connect(service.issuer, clients[method], method);

  describe.each<Method>(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'])('%s', (method) => {
    it.each([
      ['by query', { responseMode: 'query', pushed: false }],
      ['by form_post', { responseMode: 'form_post', pushed: false }],
      ['by query, pushed', { responseMode: 'query', pushed: true }],
      ['by form_post, pushed', { responseMode: 'form_post', pushed: true }],
    ] as const)('%s: id token, userinfo, refresh', async (__, how) => {
      const party = await app(method);
      const begun = await party.begin({ ...how, scope: 'openid email offline_access' });
      expect(begun.url.searchParams.has('request_uri')).toBe(how.pushed);
      const back = await throughBrowser(begun);
      expect(back instanceof Request).toBe(how.responseMode === 'form_post');
      const first = await begun.finish(back);
      expect(first.scope).toBe('openid email offline_access');
      expect(first.idToken).toMatchObject({ iss: service.issuer, sub: person.id, aud: clients[method].id, amr: ['pwd'] });
      expect(await party.userinfo(first.accessToken, person.id)).toEqual({ sub: person.id, email: person.email, email_verified: false });

      const second = await party.refresh(first.refreshToken ?? '');
      expect(second.idToken).toMatchObject({ sub: person.id, sid: first.idToken['sid'], auth_time: first.idToken['auth_time'] });
      expect(second.idToken).not.toHaveProperty('nonce');
      expect(await party.userinfo(second.accessToken, person.id)).toMatchObject({ sub: person.id });
    });
  });

  it('and gets a token for one of several resources (RFC 8707)', async () => {
    const party = await app('none');
    const resources = { authorization: RESOURCES, token: 'https://notes.example' };
    const begun = await party.begin({ scope: 'openid offline_access', resources });
    const signedIn = await begun.finish(await throughBrowser(begun));
    expect(claimsOf(signedIn.accessToken).aud).toBe('https://notes.example');
    expect(claimsOf((await party.refresh(signedIn.refreshToken ?? '')).accessToken).aud).toEqual(RESOURCES);
  });

  it('but not with an answer of another issuer, or of none (mix-up, RFC 9207)', async () => {
    const party = await app('none');
    for (const iss of ['https://evil.example', undefined]) {
      const begun = await party.begin({ scope: 'openid' });
      expect(await complaint(begun.finish(await tampered(throughBrowser(begun), 'iss', iss)))).toMatch(/"iss" \(issuer\)/);
    }
  });

  it('nor with the answer to another request: the code of another browser (RFC 9700 §4.5)', async () => {
    const party = await app('none');
    const [own, others] = [await party.begin({ scope: 'openid' }), await party.begin({ scope: 'openid' })];
    const stolen = (await throughBrowser(others)) as URL;
    expect(await complaint(own.finish(stolen))).toMatch(/"state"/);
    const injected = tampered(throughBrowser(own), 'code', stolen.searchParams.get('code') ?? '');
    await expect(own.finish(await injected)).rejects.toMatchObject({ error: 'invalid_grant', status: 400 });
    expect((await others.finish(stolen)).idToken).toMatchObject({ sub: person.id });
  });

  it('nor twice with one code', async () => {
    const party = await app('client_secret_basic');
    const begun = await party.begin({ scope: 'openid' });
    const back = await throughBrowser(begun);
    const { accessToken } = await begun.finish(back);
    await expect(begun.finish(back)).rejects.toMatchObject({ error: 'invalid_grant' });
    await expect(party.userinfo(accessToken, person.id)).rejects.toMatchObject({ status: 401 });
  });
});
