import { Injectable } from '@nestjs/common';
import { GrantHandler, type Grant } from '../../src/issuance/grants/grant.js';
import type { ClientSettings } from '../../src/storage/client.store.js';
import { DEVICE_CODE, deviceClient } from '../device/support/device-flow.js';
import { confidentialClient, publicClient, resourceServer, type ClientBuilder } from '../support/clients.js';
import { ProtocolClient, signUp, type Answer } from '../support/protocol-client.js';
import { startService, type TestService, type TestServiceOptions } from '../support/service-app.js';
import { changeSettings } from './support/change-settings.js';
import { SIGN_IN, SignInGrant } from './support/sign-in.grant.js';

let service: TestService;
beforeAll(async () => {
  service = await startService({ issuance: { grants: [SignInGrant] } });
});
afterAll(() => service.close());

const claims = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
const header = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString());
const metadataOf = async (at: TestService) => {
  const documents = await Promise.all(
    ['openid-configuration', 'oauth-authorization-server'].map((name) => new ProtocolClient(at.url).json('GET', `/.well-known/${name}`)),
  );
  expect(documents[1]?.body).toEqual(documents[0]?.body);
  return documents[0]?.body;
};
const outcome = ({ status, body }: Answer) => [status, body.error];

/** Runs a second instance with other options. */
async function withInstance(options: TestServiceOptions, work: (instance: TestService) => Promise<void>): Promise<void> {
  const instance = await startService({ beside: service, ...options });
  try {
    await work(instance);
  } finally {
    await instance.close();
  }
}

describe('Endpoints that are switched off answer 404 and are not in the metadata', () => {
  const ENDPOINTS = [
    ['token', '/connect/token', { grant_type: 'client_credentials' }],
    ['introspection', '/connect/introspect', { token: 'x' }],
    ['revocation', '/connect/revoke', { token: 'x' }],
  ] as const;

  it.each(ENDPOINTS)('%s', async (name, path, form) => {
    const client = await confidentialClient().register(service);
    const all = await metadataOf(service);
    await withInstance({ issuance: { endpoints: { [name]: false } } }, async (instance) => {
      const at = new ProtocolClient(instance.url, client);
      const off = await at.form(path, form);
      expect([...outcome(off), off.headers.get('cache-control')]).toEqual([404, 'invalid_request', 'no-store']);
      expect((await at.form(path.replace('connect', '%63onnect'), form)).status).toBe(404);
      for (const method of ['GET', 'OPTIONS', 'PUT']) expect((await at.json(method, path)).status).toBe(404);
      for (const [other, otherPath, otherForm] of ENDPOINTS)
        if (other !== name) expect((await at.form(otherPath, otherForm)).status).toBe(200);
      const metadata = await metadataOf(instance);
      const gone = Object.keys(all).filter((key) => key.startsWith(`${name}_`) && key !== 'revocation_feed_endpoint');
      expect(gone.length).toBeGreaterThanOrEqual(2);
      for (const key of gone) expect(metadata).not.toHaveProperty(key);
      if (name === 'token') return; // more goes with it
      const left = Object.fromEntries(Object.entries(all).filter(([key]) => !gone.includes(key)));
      const { grant_types_supported: grants, ...rest } = metadata;
      const { grant_types_supported: leftGrants, ...leftRest } = left; // with a grant of the test's own
      expect(rest).toEqual(leftRest);
      expect(leftGrants).toEqual(expect.arrayContaining(grants));
    });
  });

  it('without the token endpoint nothing is opened that ends there', async () => {
    await withInstance({ issuance: { endpoints: { token: false } } }, async (instance) => {
      const metadata = await metadataOf(instance);
      for (const name of ['authorization_endpoint', 'pushed_authorization_request_endpoint', 'device_authorization_endpoint'])
        expect(metadata).not.toHaveProperty(name);
      expect(metadata).not.toHaveProperty('grant_types_supported');
      expect(metadata).toHaveProperty('userinfo_endpoint');
    });
  });

  it('device authorization, by its own switch or with its grant type; contradictions are refused', async () => {
    const client = await deviceClient().register(service);
    const all = await metadataOf(service);
    expect(all.device_authorization_endpoint).toBe(`${service.issuer}/connect/device`);
    for (const issuance of [{ endpoints: { device: false } }, { grantTypes: { deviceCode: false } }]) {
      await withInstance({ issuance }, async (instance) => {
        const off = await new ProtocolClient(instance.url, client).form('/connect/device', { scope: 'todos:read' });
        expect(outcome(off)).toEqual([404, 'invalid_request']);
        const { device_authorization_endpoint: gone, grant_types_supported: types } = await metadataOf(instance);
        expect([gone, types.includes(DEVICE_CODE)]).toEqual([undefined, 'endpoints' in issuance]);
      });
    }
    const contradiction = { endpoints: { device: true }, grantTypes: { deviceCode: false } };
    await expect(startService({ beside: service, issuance: contradiction })).rejects.toThrow(/The grant type device_code is off/);
  });

  it('the sign-in API', async () => {
    await withInstance({ identity: { enabled: false } }, async (instance) => {
      const at = new ProtocolClient(instance.url);
      const body = { email: 'a@example.test', password: 'correct horse battery staple' };
      for (const path of ['register', 'login', 'refresh', 'logout', 'change-password']) {
        expect((await at.json('POST', `/auth/${path}`, body)).status).toBe(404);
      }
      for (const path of ['me', 'sessions']) expect((await at.json('GET', `/auth/${path}`)).status).toBe(404);
      expect((await metadataOf(instance)).token_endpoint).toBeDefined();
    });
  });
});

describe('Grant types', () => {
  @Injectable()
  class Twice extends GrantHandler {
    override readonly grantType = 'client_credentials';
    override handle(): Promise<Grant> {
      return Promise.reject(new Error('never'));
    }
  }

  const OFF = [
    [{ clientCredentials: false }, ['client_credentials']],
    [{ refreshToken: false }, ['refresh_token']],
    [{ authorizationCode: false }, ['authorization_code']],
    [{ deviceCode: false }, [DEVICE_CODE]],
    [
      { clientCredentials: false, refreshToken: false, authorizationCode: false, deviceCode: false },
      ['client_credentials', 'refresh_token', 'authorization_code', DEVICE_CODE],
    ],
  ] as const;
  it.each(OFF)('that are switched off (%j) are unsupported, and not in the metadata', async (grantTypes, off) => {
    const types = ['client_credentials', 'refresh_token', 'authorization_code', DEVICE_CODE];
    const client = await confidentialClient().withPermissions({ grantTypes: types }).register(service);
    const all: string[] = (await metadataOf(service)).grant_types_supported;
    await withInstance({ issuance: { grantTypes } }, async (instance) => {
      const at = new ProtocolClient(instance.url, client);
      for (const type of types) {
        const [, error] = outcome(await at.token({ grant_type: type, refresh_token: 'x', code: 'x', device_code: 'x' }));
        if ((off as readonly string[]).includes(type)) expect(error).toBe('unsupported_grant_type');
        else expect(error).not.toBe('unsupported_grant_type');
      }
      const left = all.filter((type) => !(off as readonly string[]).includes(type) && type !== SIGN_IN);
      expect((await metadataOf(instance)).grant_types_supported).toEqual(left);
    });
  });

  it('of the application are listed, need the permission, and issue', async () => {
    expect((await metadataOf(service)).grant_types_supported).toEqual(
      expect.arrayContaining(['client_credentials', 'refresh_token', SIGN_IN]),
    );
    const without = new ProtocolClient(service.url, await publicClient().register(service));
    expect(outcome(await without.token({ grant_type: SIGN_IN, subject: 'somebody' }))).toEqual([400, 'unauthorized_client']);
    const { body } = await chain(publicClient());
    expect(claims(body.access_token)).toMatchObject({ sub: 'somebody', roles: ['editor'] });
  });

  it('claimed twice are refused at start', async () => {
    await expect(startService({ beside: service, issuance: { grants: [Twice] } })).rejects.toThrow(
      /Two handlers claim the grant type client_credentials/,
    );
  });
});

const permitted = [SIGN_IN, 'refresh_token', 'client_credentials'];

/** A new chain of a client with these settings. */
async function chain(
  builder: ClientBuilder,
  settings: ClientSettings = {},
  at = service,
): Promise<Answer & { client: ProtocolClient; id: string }> {
  const registered = await builder.withPermissions({ grantTypes: permitted }).withSettings(settings).register(service);
  const client = new ProtocolClient(at.url, registered);
  return { ...(await client.token({ grant_type: SIGN_IN, subject: 'somebody' })), client, id: registered.id };
}

describe("A client's own settings", () => {
  it('lifetimes of access token, refresh token and chain', async () => {
    const { body, client } = await chain(publicClient(), { accessTokenLifetime: 60, refreshTokenLifetime: 120, chainLifetime: 150 });
    const { exp, iat } = claims(body.access_token);
    expect([body.expires_in, exp - iat]).toEqual([60, 60]);
    service.clock.advance(119);
    const second = await client.refresh(body.refresh_token);
    // The chain ends in 31 s, and with it whatever hangs on it.
    expect([second.status, second.body.expires_in]).toEqual([200, 31]);
    expect(claims(second.body.access_token).exp).toBe(exp - 60 + 150);
    service.clock.advance(31);
    expect(outcome(await client.refresh(second.body.refresh_token))).toEqual([400, 'invalid_grant']);

    const other = await chain(publicClient(), { refreshTokenLifetime: 120 });
    expect(other.body.expires_in).toBe(900);
    service.clock.advance(120);
    expect(outcome(await other.client.refresh(other.body.refresh_token))).toEqual([400, 'invalid_grant']);
  });

  it('leeway: 0 is strict single use, 5 forgives 4 s', async () => {
    const strict = await chain(publicClient(), { leeway: 0 });
    const won = await strict.client.refresh(strict.body.refresh_token);
    expect(won.status).toBe(200);
    expect(outcome(await strict.client.refresh(strict.body.refresh_token))).toEqual([400, 'invalid_grant']);
    expect(outcome(await strict.client.refresh(won.body.refresh_token))).toEqual([400, 'invalid_grant']);

    const lenient = await chain(publicClient(), { leeway: 5 });
    await lenient.client.refresh(lenient.body.refresh_token);
    service.clock.advance(4);
    expect((await lenient.client.refresh(lenient.body.refresh_token)).status).toBe(200);
    service.clock.advance(1);
    expect(outcome(await lenient.client.refresh(lenient.body.refresh_token))).toEqual([400, 'invalid_grant']);
  });

  it('rotation: on for public clients, off for confidential ones, and either as the client says', async () => {
    const cases = [
      [publicClient(), undefined, true],
      [confidentialClient(), undefined, false],
      [publicClient(), false, false],
      [confidentialClient(), true, true],
    ] as const;
    for (const [builder, rotation, rotates] of cases) {
      const { body, client } = await chain(builder, { ...(rotation !== undefined && { rotation }), refreshTokenLifetime: 300 });
      service.clock.advance(200);
      const fresh = await client.refresh(body.refresh_token);
      expect([fresh.status, typeof fresh.body.refresh_token]).toEqual([200, rotates ? 'string' : 'undefined']);
      expect(claims(fresh.body.access_token).jti).not.toBe(claims(body.access_token).jti);
      service.clock.advance(99);
      const again = await client.refresh(body.refresh_token);
      // Rotated it was spent long ago; else it is good until its expiry, which no use moves.
      expect(again.status).toBe(rotates ? 400 : 200);
      service.clock.advance(1);
      if (!rotates) expect(outcome(await client.refresh(body.refresh_token))).toEqual([400, 'invalid_grant']);
    }
  });

  it('rotation may be switched on and off in the life of a chain', async () => {
    const { body, client, id } = await chain(publicClient(), { rotation: true });
    const second = await client.refresh(body.refresh_token);
    await changeSettings(service, id, { rotation: false });
    service.clock.advance(60);
    expect((await client.refresh(second.body.refresh_token)).body.refresh_token).toBeUndefined();
    expect((await client.refresh(second.body.refresh_token)).status).toBe(200);
    await changeSettings(service, id, { rotation: true });
    service.clock.advance(60);
    expect((await client.refresh(second.body.refresh_token)).body.refresh_token).toMatch(/^cs_rt_/);
    // The first one, spent before all that, is a reuse at any time.
    expect(outcome(await client.refresh(body.refresh_token))).toEqual([400, 'invalid_grant']);
    expect(outcome(await client.refresh(second.body.refresh_token))).toEqual([400, 'invalid_grant']);
  });

  it('algorithm of access tokens; those of the other one stay good', async () => {
    const { body, client, id } = await chain(confidentialClient());
    const rsa = await chain(confidentialClient(), { accessTokenAlgorithm: 'RS256' });
    expect([header(body.access_token).alg, header(rsa.body.access_token).alg]).toEqual(['ES256', 'RS256']);
    await changeSettings(service, id, { accessTokenAlgorithm: 'RS256' });
    const { body: machine } = await client.token({ grant_type: 'client_credentials' });
    expect(header(machine.access_token)).toMatchObject({ alg: 'RS256', typ: 'at+jwt' });
    expect(header(machine.access_token).kid).toBe(header(rsa.body.access_token).kid);
    const api = new ProtocolClient(service.url, await resourceServer().register(service));
    for (const token of [body.access_token, machine.access_token]) expect((await api.introspect(token)).body.active).toBe(true);
  });
});

describe("The service's own settings, for clients that say nothing", () => {
  it('lifetimes, leeway, rotation and algorithm', async () => {
    const issuance = {
      accessTokenLifetime: 30,
      refreshTokenLifetime: 40,
      leeway: 0,
      rotation: 'always',
      accessTokenAlgorithm: 'RS256',
    } as const;
    await withInstance({ issuance: { ...issuance, grants: [SignInGrant] } }, async (instance) => {
      const { body, client } = await chain(confidentialClient(), {}, instance);
      expect([body.expires_in, header(body.access_token).alg]).toEqual([30, 'RS256']);
      const { status, body: fresh } = await client.refresh(body.refresh_token);
      expect([status, typeof fresh.refresh_token]).toEqual([200, 'string']);
      expect(outcome(await client.refresh(body.refresh_token))).toEqual([400, 'invalid_grant']);
      // A client's own go before them.
      const own = await chain(confidentialClient(), { accessTokenLifetime: 31, accessTokenAlgorithm: 'ES256', rotation: false }, instance);
      expect([own.body.expires_in, header(own.body.access_token).alg]).toEqual([31, 'ES256']);
      expect((await own.client.refresh(own.body.refresh_token)).body.refresh_token).toBeUndefined();
      service.clock.advance(40);
      expect(outcome(await own.client.refresh(own.body.refresh_token))).toEqual([400, 'invalid_grant']);
    });
  });

  it('rotation off for everybody', async () => {
    await withInstance({ issuance: { rotation: 'never' } }, async (instance) => {
      const { refreshToken } = await signUp(instance.url);
      const at = new ProtocolClient(instance.url);
      for (let n = 0; n < 2; n++) {
        const { status, body } = await at.json('POST', '/auth/refresh', { refreshToken });
        expect([status, body.refreshToken]).toEqual([200, refreshToken]);
      }
    });
  });
});
