import { confidentialClient, publicClient, type TestClient } from '../support/clients.js';
import { ProtocolClient, signUp, type Form } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const POLICY = { free: 3, firstBlock: 10, longestBlock: 20, forgetAfter: 100 };

let service: TestService;
let beside: TestService;
let app: TestClient;

beforeAll(async () => {
  const options = { issuance: { refusedGrants: POLICY }, identity: { lockOut: { refresh: POLICY } } };
  service = await startService(options);
  beside = await startService({ ...options, beside: service });
  app = await publicClient()
    .withPermissions({ grantTypes: ['refresh_token', 'authorization_code', DEVICE] })
    .register(service);
});
afterAll(async () => {
  await beside.close();
  await service.close();
});
beforeEach(() => service.clock.advance(1_000)); // forgotten

const FORGED = { grant_type: 'refresh_token', refresh_token: 'forged' };
const ask = (form: Form, at = service) => new ProtocolClient(at.url, app).token(form);
const statuses = async (times: number, form: Form): Promise<number[]> => {
  const all: number[] = [];
  for (let n = 0; n < times; n++) all.push((await ask(form)).status);
  return all;
};

describe('Refused grants from one address', () => {
  it('are answered 429 beyond their free ones, at every instance, until the time is over', async () => {
    expect(await statuses(5, FORGED)).toEqual([400, 400, 400, 400, 429]);
    const { status, body, headers } = await ask(FORGED, beside);
    expect([status, body.error, headers.get('retry-after')]).toEqual([429, 'too_many_requests', '10']);
    service.clock.advance(10);
    expect(await ask(FORGED)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await ask(FORGED)).headers.get('retry-after')).toBe('20');
  });

  it('do not keep a good token from being served', async () => {
    const { refreshToken } = await signUp(service.url);
    expect((await statuses(5, FORGED)).at(-1)).toBe(429);
    const firstParty = new ProtocolClient(service.url, { id: 'first-party', secret: undefined });
    expect((await firstParty.refresh(refreshToken)).status).toBe(200);
  });

  const others: Form[] = [
    { grant_type: 'authorization_code', code: 'forged', redirect_uri: 'https://app.example.com/back', code_verifier: 'v'.repeat(43) },
    { grant_type: DEVICE, device_code: 'forged' },
  ];
  it.each(others)('are counted whatever the grant: $grant_type', async (form) => {
    expect(await statuses(5, form)).toEqual([400, 400, 400, 400, 429]);
  });

  it('are counted together with those of the sign-in API', async () => {
    const refresh = () => new ProtocolClient(service.url).json('POST', '/auth/refresh', { refreshToken: 'forged' });
    expect([(await refresh()).status, (await refresh()).status]).toEqual([401, 401]);
    expect(await statuses(3, FORGED)).toEqual([400, 400, 429]);
    expect((await refresh()).status).toBe(429);
  });

  it('are others than requests at fault otherwise', async () => {
    const machine = new ProtocolClient(service.url, await confidentialClient().register(service));
    for (let n = 0; n < 3; n++) {
      expect((await ask({ grant_type: 'refresh_token' })).body.error).toBe('invalid_request');
      expect((await ask({ grant_type: 'password' })).body.error).toBe('unsupported_grant_type');
      expect((await machine.token({ grant_type: 'client_credentials', scope: 'unknown' })).body.error).toBe('invalid_scope');
    }
    expect(await statuses(4, FORGED)).toEqual([400, 400, 400, 400]);
  });
});

describe('The policy', () => {
  it('is refused at start where it contradicts itself', async () => {
    const refusedGrants = { longestBlock: 100, forgetAfter: 50, free: -1 };
    const start = startService({ beside: service, issuance: { refusedGrants } });
    await expect(start).rejects.toThrow(/refusedGrants\.free must be[^]*refusedGrants: forgetAfter must not be less than longestBlock/);
  });
});
