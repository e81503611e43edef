import { Accounts } from '../../src/identity/accounts/accounts.js';
import { Endings } from '../../src/issuance/tokens/endings.js';
import { DeviceRequests } from '../../src/issuance/devices/device-requests.js';
import { parseUserCode, type UserCode } from '../../src/protocol/user-code.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { ConsentStore } from '../../src/storage/consent.store.js';
import { SessionStore } from '../../src/storage/session.store.js';
import { resourceServer } from '../support/clients.js';
import { person } from '../support/code-flow.js';
import { seeChanges } from '../support/configuration.js';
import { claimsOf } from '../support/jwt.js';
import { ProtocolClient } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';
import { Device, deviceClient, messageOf, outcome, signedIn } from './support/device-flow.js';

let service: TestService;
let tv: Device;
let api: ProtocolClient;
beforeAll(async () => {
  service = await startService();
  tv = new Device(service, await deviceClient().register(service));
  api = new ProtocolClient(service.url, await resourceServer().register(service));
});
afterAll(() => service.close());

const codeOf = (text: string): UserCode => {
  const code = parseUserCode(text);
  if (!code) throw new Error(`${text} is no user code`);
  return code;
};

describe('A television (RFC 8628)', () => {
  it('gets two codes, waits for its person, and gets tokens once', async () => {
    const asked = await tv.ask({ scope: 'todos:read offline_access openid email roles' });
    expect([asked.status, asked.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const { device_code: deviceCode, user_code: userCode, ...rest } = asked.body;
    expect(deviceCode).toMatch(/^cs_dc_[\w-]{64}$/);
    expect(userCode).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    expect(rest).toEqual({
      verification_uri: `${service.issuer}/activate`,
      verification_uri_complete: `${service.issuer}/activate?user_code=${userCode}`,
      expires_in: 600,
      interval: 5,
    });

    expect(outcome(await tv.poll(deviceCode))).toEqual([400, 'authorization_pending']);
    const ada = await person(service, { email: 'ada@example.test', roles: ['editor'] });
    const browser = await signedIn(service, ada);
    const signedInAt = Math.floor(service.clock.now().getTime() / 1000);
    service.clock.advance(30);
    expect(messageOf(await browser.answer(userCode))).toBe('activated');

    const { status, body } = await tv.poll(deviceCode);
    expect([status, body.token_type, body.expires_in]).toEqual([200, 'Bearer', 900]);
    expect(body.scope.split(' ').sort()).toEqual(['email', 'offline_access', 'openid', 'roles', 'todos:read']);
    expect(body.refresh_token).toMatch(/^cs_rt_/);
    expect((await api.introspect(body.access_token)).body).toMatchObject({ active: true, sub: ada.id, client_id: tv.client.id });
    expect(claimsOf(body.access_token)).toMatchObject({
      ...{ email: 'ada@example.test', roles: ['editor'], auth_time: signedInAt, amr: ['pwd'] },
    });
    expect(claimsOf(body.id_token)).toMatchObject({
      ...{ iss: service.issuer, aud: tv.client.id, sub: ada.id, auth_time: signedInAt, amr: ['pwd'] },
      sid: claimsOf(body.access_token).sid,
    });

    const refreshed = await tv.api.refresh(body.refresh_token);
    expect(refreshed.status).toBe(200);
    expect(claimsOf(refreshed.body.access_token)).toMatchObject({ sub: ada.id, lnk: 1 });

    // A second redeemer is refused, and what the first one got stays good.
    expect(outcome(await tv.poll(deviceCode))).toEqual([400, 'invalid_grant']);
    expect((await api.introspect(refreshed.body.access_token)).body.active).toBe(true);
  });

  it('has a session of its own, which outlives the browser’s and can be ended by itself', async () => {
    const ada = await person(service);
    const browser = await signedIn(service, ada);
    const { deviceCode, userCode } = await tv.start();
    await browser.answer(userCode);
    const { body } = await new ProtocolClient(service.url, tv.client).send('/connect/token', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': `Set-top box ${'x'.repeat(600)}` },
      body: new URLSearchParams({
        ...{ grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: deviceCode, client_id: tv.client.id },
      }).toString(),
    });
    const store = service.get(SessionStore);
    const sessions = await store.list(ada.id, service.clock.now());
    const own = sessions.find(({ client }) => client === tv.client.id);
    expect([sessions.length, own?.sid]).toEqual([2, claimsOf(body.access_token).sid]);
    expect(own).toMatchObject({ address: '127.0.0.1', userAgent: `Set-top box ${'x'.repeat(500)}` });

    const browsers = sessions.find(({ client }) => client === undefined);
    await store.end(ada.id, browsers?.sid ?? '', service.clock.now());
    expect((await api.introspect(body.access_token)).body.active).toBe(true);
    await store.end(ada.id, own?.sid ?? '', service.clock.now());
    expect((await api.introspect(body.access_token)).body).toEqual({ active: false });
  });

  it.each([
    ['no refresh token without offline_access', 'todos:read openid', {}, ['access_token', 'expires_in', 'id_token', 'scope', 'token_type']],
    ['no id token without openid', 'offline_access', {}, ['access_token', 'expires_in', 'refresh_token', 'scope', 'token_type']],
    [
      ...([
        'no refresh token that it could not use',
        'offline_access',
        { grantTypes: ['urn:ietf:params:oauth:grant-type:device_code'] },
      ] as const),
      ['access_token', 'expires_in', 'scope', 'token_type'],
    ],
    ['a token without any scope', '', {}, ['access_token', 'expires_in', 'token_type']],
  ])('gets %s', async (_, scope, permissions, expected) => {
    const device = new Device(service, await deviceClient().withPermissions(permissions).register(service));
    const { deviceCode, userCode } = await device.start(scope);
    await (await signedIn(service)).answer(userCode);
    const { status, body } = await device.poll(deviceCode);
    expect([status, Object.keys(body).sort()]).toEqual([200, expected]);
  });

  it('gets tokens for the resources it asked for, and no others (RFC 8707)', async () => {
    const both = ['https://one.example', 'https://two.example'];
    const device = new Device(service, await deviceClient().withPermissions({ resources: both }).register(service));
    const asked = await device.ask({ scope: 'todos:read', resource: 'https://two.example' });
    await (await signedIn(service)).answer(asked.body.user_code);
    // At the token endpoint neither scope nor resource is a parameter of this grant: what was approved is what there is.
    const { body } = await device.poll(asked.body.device_code, { resource: 'https://one.example', scope: 'offline_access' });
    expect([claimsOf(body.access_token).aud, body.scope]).toEqual(['https://two.example', 'todos:read']);
  });

  it('may be a confidential client', async () => {
    const device = new Device(service, await deviceClient('confidential').register(service));
    const { deviceCode, userCode } = await device.start('todos:read offline_access');
    await (await signedIn(service)).answer(userCode);
    const { body } = await device.poll(deviceCode);
    expect((await device.api.introspect(body.access_token)).body.active).toBe(true);
    expect((await device.api.introspect(deviceCode)).body).toEqual({ active: false });
  });

  it('leaves a consent behind, which the person can withdraw', async () => {
    const ada = await person(service);
    const { deviceCode, userCode } = await tv.start('todos:read offline_access');
    await (await signedIn(service, ada)).answer(userCode);
    const { body } = await tv.poll(deviceCode);
    expect((await service.get(ConsentStore).find(ada.id, tv.client.id))?.toSorted()).toEqual(['offline_access', 'todos:read']);
    await service.get(ConsentStore).withdraw(ada.id, tv.client.id, service.clock.now());
    expect((await api.introspect(body.access_token)).body).toEqual({ active: false });
    expect(outcome(await tv.api.refresh(body.refresh_token))).toEqual([400, 'invalid_grant']);
  });
});

describe('A poll (RFC 8628 §3.5)', () => {
  /** What each poll, after so many seconds more, is answered. */
  async function polls(deviceCode: string, pauses: readonly number[]): Promise<string[]> {
    const errors: string[] = [];
    for (const pause of pauses) {
      service.clock.advance(pause);
      errors.push((await tv.poll(deviceCode)).body.error);
    }
    return errors;
  }

  it('within the interval is told to slow down, and the interval grows by 5 seconds each time', async () => {
    const { deviceCode } = await tv.start();
    const [ok, slow] = ['authorization_pending', 'slow_down'];
    //                                      5 s        10 s       15 s            20 s             still 20 s
    expect(await polls(deviceCode, [0, 5, 4.999, 9.999, 15, 14.999, 20, 20, 30])).toEqual([ok, ok, slow, slow, ok, slow, ok, ok, ok]);
  });

  it('counts from the poll before, also from one that came too soon', async () => {
    const { deviceCode } = await tv.start();
    const [ok, slow] = ['authorization_pending', 'slow_down'];
    expect(await polls(deviceCode, [0, 1, 9, 15])).toEqual([ok, slow, slow, ok]);
  });

  it('goes by the interval that the service was set to', async () => {
    const patient = await startService({ beside: service, issuance: { deviceInterval: 60, deviceCodeLifetime: 1800 } });
    const { body } = await new Device(patient, tv.client).ask().finally(() => patient.close());
    expect([body.interval, body.expires_in]).toEqual([60, 1800]);
    const [ok, slow] = ['authorization_pending', 'slow_down'];
    expect(await polls(body.device_code, [0, 59, 65, 1676, 0])).toEqual([ok, slow, ok, 'expired_token', 'expired_token']);
  });

  it('gets the tokens at any time once there is an answer: only who waits is slowed down', async () => {
    const { deviceCode, userCode } = await tv.start();
    await tv.poll(deviceCode);
    await (await signedIn(service)).answer(userCode);
    expect((await tv.poll(deviceCode)).status).toBe(200);
    const denied = await tv.start();
    await tv.poll(denied.deviceCode);
    await (await signedIn(service)).answer(denied.userCode, 'deny');
    expect(await polls(denied.deviceCode, [0, 0])).toEqual(['access_denied', 'access_denied']);
  });

  it('for a code that was denied is told so, until it expires', async () => {
    const { deviceCode, userCode } = await tv.start();
    expect(messageOf(await (await signedIn(service)).answer(userCode, 'deny'))).toBe('denied');
    expect(await polls(deviceCode, [0, 599, 1])).toEqual(['access_denied', 'access_denied', 'expired_token']);
  });

  it('for a code that has expired is told so, answered or not', async () => {
    const waiting = await tv.start();
    const approved = await tv.start();
    await (await signedIn(service)).answer(approved.userCode);
    expect(await polls(waiting.deviceCode, [599, 1])).toEqual(['authorization_pending', 'expired_token']);
    expect(await polls(approved.deviceCode, [0])).toEqual(['expired_token']);
  });

  it('by another client, with a forged or an unknown code, is refused, and the code is not spent', async () => {
    const { deviceCode, userCode } = await tv.start();
    await (await signedIn(service)).answer(userCode);
    const other = new Device(service, await deviceClient().register(service));
    const forged = `${deviceCode.slice(0, -1)}${deviceCode.endsWith('A') ? 'B' : 'A'}`;
    const { deviceCode: foreign } = await other.start();
    const attempts = [other.poll(deviceCode), tv.poll(forged), tv.poll(foreign), tv.poll('x'), tv.poll(userCode)];
    for (const answer of await Promise.all(attempts)) expect(outcome(answer)).toEqual([400, 'invalid_grant']);
    expect((await tv.poll(deviceCode)).status).toBe(200);
  });

  it('of somebody who was disabled, or changed the password, since the approval yields nothing', async () => {
    for (const change of ['disable', 'password'] as const) {
      const ada = await person(service);
      const { deviceCode, userCode } = await tv.start();
      await (await signedIn(service, ada)).answer(userCode);
      const accounts = service.get(Accounts);
      if (change === 'disable') await accounts.setEnabled(ada.id, false);
      else await accounts.changePassword({ account: ada, passwordHash: 'x', end: 'none', connectedApps: false });
      expect(outcome(await tv.poll(deviceCode))).toEqual([400, 'invalid_grant']);
    }
  });

  it('of somebody of whom everything has ended since is denied', async () => {
    const ada = await person(service);
    const { deviceCode, userCode } = await tv.start();
    await (await signedIn(service, ada)).answer(userCode);
    expect(await service.get(Endings).endUser(ada.id)).toMatchObject({ grants: 0 });
    expect(outcome(await tv.poll(deviceCode))).toEqual([400, 'access_denied']);
  });

  it('after the consent was withdrawn, or its client disabled, yields nothing', async () => {
    const ada = await person(service);
    const first = await tv.start();
    await (await signedIn(service, ada)).answer(first.userCode);
    await service.get(ConsentStore).withdraw(ada.id, tv.client.id, service.clock.now());
    expect(outcome(await tv.poll(first.deviceCode))).toEqual([400, 'invalid_grant']);

    const other = new Device(service, await deviceClient().register(service));
    const second = await other.start();
    await (await signedIn(service, ada)).answer(second.userCode);
    await service.get(ClientStore).setEnabled(other.client.id, false, service.clock.now());
    // Its record may be remembered for a second: then the statement refuses.
    expect(outcome(await other.poll(second.deviceCode))).toEqual([400, 'invalid_grant']);
    service.clock.advance(5);
    await seeChanges(service);
    expect(outcome(await other.poll(second.deviceCode))).toEqual([401, 'invalid_client']);
  });
});

describe('A user code', () => {
  const open = (codes: readonly string[]) => {
    const left = codes.map(codeOf);
    const request = { client: tv.client.id, scopes: [], resources: ['https://api.example'] };
    return service.get(DeviceRequests).open(request, () => left.shift() ?? codeOf('ZZZZ-ZZZZ'));
  };

  it('that is taken is drawn again; one that has expired is free', async () => {
    expect((await open(['BBBB-BBBB'])).userCode).toBe('BBBB-BBBB');
    expect((await open(['BBBB-BBBB', 'BBBB-BBBB', 'CCCC-CCCC'])).userCode).toBe('CCCC-CCCC');
    service.clock.advance(600);
    expect((await open(['BBBB-BBBB'])).userCode).toBe('BBBB-BBBB');
  });

  it('that cannot be found makes the device come again', async () => {
    await open(['DDDD-DDDD']);
    await expect(open(Array(20).fill('DDDD-DDDD'))).rejects.toMatchObject({ code: 'temporarily_unavailable' });
  });

  it('is free again as soon as it was answered', async () => {
    const { userCode } = await open(['FFFF-FFFF']);
    await (await signedIn(service)).answer(userCode);
    expect((await open(['FFFF-FFFF'])).userCode).toBe('FFFF-FFFF');
  });
});

describe('The device authorization endpoint', () => {
  it('is limited by client and by address', async () => {
    const few = await startService({ beside: service, issuance: { deviceRequestsPerMinute: 2 } });
    try {
      const device = new Device(few, await deviceClient().register(service));
      const statuses = [];
      for (let n = 0; n < 3; n++) statuses.push((await device.ask()).status);
      const limited = await device.ask();
      expect([...statuses, ...outcome(limited), limited.headers.get('retry-after')]).toEqual([
        200,
        200,
        429,
        429,
        'too_many_requests',
        '60',
      ]);
      // By address, whichever client it is.
      expect((await new Device(few, tv.client).ask()).status).toBe(429);
      service.clock.advance(60);
      expect((await new Device(few, tv.client).ask()).status).toBe(200);
      const elsewhere = (address: string) =>
        few.app.inject({
          ...{ method: 'POST', url: '/connect/device', remoteAddress: address, payload: `client_id=${tv.client.id}` },
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        });
      // By client, wherever it is.
      expect([(await elsewhere('192.0.2.1')).statusCode, (await elsewhere('192.0.2.2')).statusCode]).toEqual([200, 429]);
    } finally {
      await few.close();
    }
  });
});
