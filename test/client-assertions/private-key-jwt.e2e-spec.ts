import { codeChallenge } from '../../src/protocol/pkce.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { MaintenanceStore } from '../../src/storage/maintenance.store.js';
import { DEVICE_CODE, deviceClient } from '../device/support/device-flow.js';
import { AssertingClient, asserted, clientKey, jwksOf } from '../support/assertions.js';
import { confidentialClient } from '../support/clients.js';
import { codeClient, CodeFlow, REDIRECT_URI } from '../support/code-flow.js';
import { claimsOf } from '../support/jwt.js';
import { ProtocolClient, type Answer, type Form } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';
import { statementsDuring } from '../support/statement-count.js';

let service: TestService;
let client: AssertingClient;
let anyone: ProtocolClient;

beforeAll(async () => {
  service = await startService();
  anyone = new ProtocolClient(service.url);
  client = await AssertingClient.register(confidentialClient(), service);
});
afterAll(() => service.close());

const token = (form: Form): Promise<Answer> => anyone.token({ grant_type: 'client_credentials', ...form });

describe('private_key_jwt (RFC 7523 §2.2, OpenID Connect Core §9)', () => {
  it.each(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'])(
    'takes an assertion signed with %s',
    async (alg) => {
      const signing = await AssertingClient.register(confidentialClient(), service, { key: await clientKey(alg) });
      expect((await token(await signing.form())).status).toBe(200);
    },
  );

  it('works at every endpoint, each time with a new assertion', async () => {
    const { body } = await token(await client.form());
    const introspect = async () => (await anyone.form('/connect/introspect', { token: body.access_token, ...(await client.form()) })).body;
    expect(await introspect()).toMatchObject({ active: true, client_id: client.id });
    expect((await anyone.form('/connect/revoke', { token: body.access_token, ...(await client.form()) })).status).toBe(200);
    expect(await introspect()).toEqual({ active: false });
  });

  it('works where requests are pushed, and their codes redeemed', async () => {
    const app = await AssertingClient.register(codeClient('confidential'), service);
    const flow = new CodeFlow(service, { id: app.id, secret: undefined });
    const request = { response_type: 'code', redirect_uri: REDIRECT_URI, scope: 'openid', code_challenge_method: 'S256' };
    const challenge = codeChallenge('v'.repeat(43));
    const push = async (claims?: object) =>
      anyone.form('/connect/par', { ...request, code_challenge: challenge, ...(await app.form({ ...claims })) });
    // RFC 9126 §2: the issuer, the token endpoint, or this one.
    for (const path of ['', '/connect/token', '/connect/par']) expect((await push({ aud: service.issuer + path })).status).toBe(201);
    expect(await push({ aud: `${service.issuer}/connect/authorize` })).toMatchObject({ status: 401, body: { error: 'invalid_client' } });

    const code = await flow.issue();
    expect((await flow.redeem(code)).status).toBe(401);
    const redeemed = await flow.redeem(code, await app.form());
    expect(redeemed).toMatchObject({ status: 200, body: { id_token: expect.any(String) } });
  });

  it('works where devices ask for codes', async () => {
    const app = await AssertingClient.register(deviceClient('confidential'), service);
    const ask = async (claims?: object) => anyone.form('/connect/device', { scope: 'openid', ...(await app.form({ ...claims })) });
    const { status, body } = await ask({ aud: `${service.issuer}/connect/device` });
    expect([status, (await ask({ aud: 'https://elsewhere.example' })).status]).toEqual([200, 401]);
    const poll = { grant_type: DEVICE_CODE, device_code: body.device_code, ...(await app.form()) };
    expect(await anyone.token(poll)).toMatchObject({ status: 400, body: { error: 'authorization_pending' } });
    expect(await anyone.token(poll)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });

  it('takes a client_id beside it that agrees (RFC 7521 §4.2)', async () => {
    expect((await token({ client_id: client.id, ...(await client.form()) })).status).toBe(200);
  });

  const audiences: [name: string, audience: (issuer: string) => unknown][] = [
    ['the issuer', (issuer) => issuer],
    ['the issuer, in a list', (issuer) => [issuer]],
    ['the token endpoint', (issuer) => `${issuer}/connect/token`],
    ['the endpoint that is called', (issuer) => `${issuer}/connect/revoke`],
    ['several names of ours', (issuer) => [issuer, `${issuer}/connect/token`]],
  ];
  it.each(audiences)('is for us when its audience is %s', async (_, audience) => {
    const form = await client.form({ aud: audience(service.issuer) });
    expect((await anyone.form('/connect/revoke', { token: 'x', ...form })).status).toBe(200);
  });

  it('allows for a clock that is a minute ahead, and for an hour of life', async () => {
    const now = service.clock.now().getTime() / 1000;
    expect((await token(await client.form({ iat: now + 60, nbf: now + 60, exp: now + 3600 }))).status).toBe(200);
    expect((await token(await client.form({ iat: undefined, exp: now + 0.5 }))).status).toBe(200);
  });

  it.each([undefined, 'JWT', 'application/jwt', 'client-authentication+jwt'])('takes the type %s', async (typ) => {
    expect((await token(await client.form({}, { typ }))).status).toBe(200);
  });

  it('needs no kid where one key alone fits', async () => {
    const [ec, rsa] = [await clientKey('ES256'), await clientKey('RS256')];
    await service.get(ClientStore).insert(
      {
        ...(await record(client.id)),
        id: 'two-kinds',
        jwks: jwksOf(ec, rsa),
      },
      service.clock.now(),
    );
    const both = new AssertingClient('two-kinds', ec, service);
    expect((await token(await both.form({}, { kid: undefined }))).status).toBe(200);
    expect((await token(await both.with(rsa).form({}, { kid: undefined }))).status).toBe(200);
  });

  it('takes the new key at once, and the old one no more, when an operator replaces it', async () => {
    const replaced = await AssertingClient.register(confidentialClient(), service);
    expect((await token(await replaced.form())).status).toBe(200);
    const key = await clientKey();
    await service.get(ClientStore).update({ ...(await record(replaced.id)), jwks: jwksOf(key) }, service.clock.now());
    expect((await token(await replaced.with(key).form())).status).toBe(200);
    expect((await token(await replaced.form())).status).toBe(401);
  });

  it('costs one statement more, the one that remembers it', async () => {
    await token(await client.form());
    const form = await client.form();
    expect(await statementsDuring(() => token(form))).toEqual(['remember_assertion', 'issue_standing']);
  });
});

describe('an assertion is good once (RFC 7523 §3)', () => {
  it('whatever it is presented for', async () => {
    const form = await client.form();
    expect((await token(form)).status).toBe(200);
    expect(await token(form)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect((await anyone.form('/connect/introspect', { token: 'x', ...form })).status).toBe(401);
    expect((await anyone.form('/connect/revoke', { token: 'x', ...form })).status).toBe(401);
  });

  it('known by its jti, which is each client’s own', async () => {
    const other = await AssertingClient.register(confidentialClient(), service);
    const answers = [];
    for (const each of [client, other, client]) answers.push((await token(await each.form({ jti: 'the same' }))).status);
    expect(answers).toEqual([200, 200, 401]);
  });

  it('until it expires, also when everything that expired was pruned', async () => {
    const now = service.clock.now().getTime() / 1000;
    const assertion = await client.sign({ exp: now + 30 });
    expect((await token(asserted(assertion))).status).toBe(200);
    for (const seconds of [29, 1]) {
      service.clock.advance(seconds);
      await service.get(MaintenanceStore).prune(service.clock.now(), 0);
      expect((await token(asserted(assertion))).status).toBe(401);
    }
  });

  it('is not used up by what is refused', async () => {
    const assertion = await client.sign({ jti: 'kept' });
    const [header, , signature] = assertion.split('.');
    const forged = `${header}.${Buffer.from(JSON.stringify({ ...claimsOf(assertion), x: 1 })).toString('base64url')}.${signature}`;
    expect((await token(asserted(forged))).status).toBe(401);
    const scheme = `Basic ${Buffer.from(`${client.id}:x`).toString('base64')}`;
    const twice = { method: 'POST', headers: { authorization: scheme }, body: new URLSearchParams(asserted(assertion)) };
    expect((await anyone.send('/connect/token', twice)).status).toBe(400);
    expect((await token(asserted(assertion))).status).toBe(200);
  });

  it('not at all for a client that is disabled, though its record is remembered', async () => {
    const stopped = await AssertingClient.register(confidentialClient(), service);
    expect((await token(await stopped.form())).status).toBe(200);
    await service.get(ClientStore).setEnabled(stopped.id, false, service.clock.now());
    expect((await anyone.form('/connect/introspect', { token: 'x', ...(await stopped.form()) })).status).toBe(401);
    expect(await token(await stopped.form())).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });

  it('32 requests that present one at once, on two instances: one is answered', async () => {
    const beside = await startService({ beside: service });
    try {
      for (let round = 0; round < 5; round++) {
        const racing = await AssertingClient.register(confidentialClient(), service);
        const instances = [anyone, new ProtocolClient(beside.url)];
        for (const each of instances) await each.token({ grant_type: 'client_credentials', ...(await racing.form()) });
        const form = { grant_type: 'client_credentials', ...(await racing.form()) };
        const answers = await Promise.all(Array.from({ length: 32 }, (_, n) => instances[n % 2]?.token(form)));
        expect(answers.filter((answer) => answer?.status === 200)).toHaveLength(1);
        expect(answers.every((answer) => [200, 401, 429].includes(answer?.status ?? 0))).toBe(true);
      }
    } finally {
      await beside.close();
    }
  });
});

async function record(id: string) {
  const found = await service.get(ClientStore).find(id);
  if (!found) throw new Error(`There is no client ${id}.`);
  return found;
}
