import { codeClient } from '../support/code-flow.js';
import { DatabaseRows } from '../support/database-rows.js';
import { ProtocolClient } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';
import { allow, answerOf, App, messageOf, newBrowser, newPerson, pathOf, signedInBrowser, signIn } from './support/app.js';

let service: TestService;
let rows: DatabaseRows;
let app: App;
beforeAll(async () => {
  service = await startService();
  rows = await DatabaseRows.open(service.database.url);
  app = await App.of(service, codeClient('public'));
});
afterAll(async () => {
  await rows.close();
  await service.close();
});

const reference = (client: string, requestUri: string): string =>
  `/connect/authorize?${new URLSearchParams({ client_id: client, request_uri: requestUri }).toString()}`;

describe('Pushing a request (RFC 9126 §2)', () => {
  it('is answered with its reference and how long that waits', async () => {
    const { status, headers, body } = await app.api.form('/connect/par', app.start().parameters);
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store']);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(body).toEqual({ request_uri: expect.stringMatching(/^urn:ietf:params:oauth:request_uri:cs_pr_[\w-]{64}$/), expires_in: 90 });
  });

  it.each(['client_secret_basic', 'client_secret_post'] as const)('by a confidential client with %s', async (authenticationMethod) => {
    const own = await App.of(service, codeClient('confidential').with({ authenticationMethod }));
    const { parameters } = own.start(authenticationMethod === 'client_secret_basic' ? { client_id: undefined } : {});
    const answer =
      authenticationMethod === 'client_secret_basic'
        ? await own.api.form('/connect/par', parameters)
        : await new ProtocolClient(service.url).form('/connect/par', { ...parameters, client_secret: own.client.secret ?? '' });
    expect(answer.status).toBe(201);
    expect(pathOf(await newBrowser(service).get(reference(own.client.id, answer.body.request_uri)))).toBe('/sign-in');
  });

  it('the secret is not kept with it', async () => {
    const own = await App.of(service, codeClient('confidential'));
    const { parameters } = await own.push();
    expect(parameters).not.toHaveProperty('client_secret');
    const browser = await signedInBrowser(service, await newPerson(service));
    const page = await browser.get((await own.push()).url);
    expect(page.url).not.toContain(own.client.secret ?? '');
  });
});

describe('A pushed request', () => {
  it('waits 90 s for its first use, and from then on as long as a person may take', async () => {
    const person = await newPerson(service);
    const [early, late] = [await app.push(), await app.push()];
    const browser = newBrowser(service);
    service.clock.advance(89);
    const page = await browser.get(early.url);
    service.clock.advance(1);
    expect(messageOf(await browser.get(late.url))).toBe('error');
    service.clock.advance(1000);
    const answer = answerOf(await allow(browser, await signIn(browser, page, person)));
    expect((await app.redeem(answer, early)).status).toBe(200);
  });

  it('is spent by the code, and by nothing else', async () => {
    const browser = await signedInBrowser(service, await newPerson(service));
    const { url } = await app.push();
    const page = await browser.get(url);
    await browser.get(url);
    expect(answerOf(await browser.submit(page, { decision: 'deny' })).parameters['error']).toBe('access_denied');
    const again = await browser.get(url);
    const spent = async () => (await rows.client.query('select 1 from pushed_request where spent_at is not null')).rowCount;
    const before = await spent();
    expect(answerOf(await allow(browser, again)).parameters['code']).toBeDefined();
    expect(await spent()).toBe((before ?? 0) + 1);
    expect(messageOf(await browser.get(url))).toBe('error');
  });

  it('keeps its answer’s address and state, though the reference brings neither', async () => {
    const browser = await signedInBrowser(service, await newPerson(service));
    const pushed = await app.push({ prompt: 'none' });
    expect(answerOf(await browser.get(pushed.url)).parameters).toMatchObject({ error: 'consent_required', state: pushed.state });
  });

  it('is refused where pushed requests are off', async () => {
    const without = await startService({ beside: service, issuance: { endpoints: { pushedAuthorization: false } } });
    const { requestUri } = await app.push();
    const query = new URLSearchParams({ ...app.start().parameters, request_uri: requestUri });
    const answer = await fetch(`${without.url}/connect/authorize?${query.toString()}`, { redirect: 'manual' });
    expect(answer.headers.get('location')).toContain('error=request_uri_not_supported');
    expect((await fetch(`${without.url}/connect/par`, { method: 'POST' })).status).toBe(404);
    await without.close();
  });
});
