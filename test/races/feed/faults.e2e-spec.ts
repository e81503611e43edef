import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Test, type TestingModule } from '@nestjs/testing';
import { Clock } from '../../../src/protocol/clock.js';
import { ClientStore } from '../../../src/storage/client.store.js';
import { PostgresStorageModule } from '../../../src/storage/postgres/postgres-storage.module.js';
import { RevocationStore } from '../../../src/storage/revocation.store.js';
import { openChain } from '../../support/chain.js';
import { confidentialClient, publicClient, type TestClient } from '../../support/clients.js';
import { migrate } from '../../support/migrate.js';
import { startCluster, type TestCluster } from '../../support/postgres.js';
import { ProtocolClient } from '../../support/protocol-client.js';
import { startServiceProcess, type ServiceProcess } from '../../support/start-service-process.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { unusedPort } from '../../support/unused-port.js';
import { PATIENCE } from '../support/size.js';
import { machineTime } from './support/machine-time.js';
import { GuardProcess, type GuardProcessOptions } from './support/start-guard-process.js';

const AUDIENCE = 'https://api.example';
/** Seconds. */
const MAX_STALE = 1;
const HOUR = 3_600;

/** A token, and the grant it belongs to. */
interface Issued {
  readonly token: string;
  readonly authorizationId: string;
}

let cluster: TestCluster;
let service: ServiceProcess;
/** @param ahead seconds by which its machine's clock is */
let startService: (ahead?: number) => Promise<void>;
let stores: TestingModule;
let toService: TcpProxy;
let toDatabase: TcpProxy;
let app: TestClient;
let follower: TestClient;
let issuer: string;
let settings: { readonly log: GuardProcessOptions; readonly http: GuardProcessOptions };
let guards: readonly GuardProcess[] = [];

const get = <T>(provider: abstract new (...args: never[]) => T): T => stores.get(provider as never, { strict: false });
const world = { get, clock: { now: () => get(Clock).now() } };

beforeAll(async () => {
  cluster = await startCluster({ durable: false });
  await migrate(cluster.url);
  stores = await Test.createTestingModule({ imports: [PostgresStorageModule.forRoot({ url: cluster.url, poolSize: 5 })] }).compile();
  await stores.init();
  const port = await unusedPort();
  [toService, toDatabase] = [new TcpProxy(`http://127.0.0.1:${port}`), new TcpProxy(cluster.url)];
  await Promise.all([toService.open(), toDatabase.open()]);
  issuer = toService.url.slice(0, -1);
  const masterKey = randomBytes(32).toString('hex');
  startService = async (ahead = 0) => {
    service = await startServiceProcess({
      databaseUrl: cluster.url,
      masterKey,
      port,
      issuance: { issuer, accessTokenLifetime: 86_400 },
      preload: ['shifted-clock.mjs'],
      environment: { CLOCK_SHIFT_MS: String(ahead * 1000) },
    });
  };
  await startService();
  app = await publicClient().register(world as never);
  follower = await followerClient().register(world as never);
  const options = { issuer, audience: AUDIENCE, check: 'feed', maxStale: MAX_STALE, requestTimeout: 1 } as const;
  settings = {
    log: { options, databaseUrl: toDatabase.url },
    http: { options: { ...options, clientId: follower.id, clientSecret: follower.secret ?? '' } },
  };
  guards = await Promise.all([settings.log, settings.http].map((each) => GuardProcess.start(each)));
}, PATIENCE);

afterAll(async () => {
  await Promise.all(guards.map((guard) => guard.stop()));
  await service?.kill();
  await stores?.close();
  await Promise.all([toService?.cut(), toDatabase?.cut()]);
  await cluster?.remove();
});

const followerClient = () =>
  confidentialClient().withPermissions({
    endpoints: ['token', 'introspection'],
    grantTypes: ['client_credentials'],
    scopes: ['revocations:read'],
    serves: [AUDIENCE],
  });

async function restartService(ahead: number): Promise<void> {
  await service.kill();
  await startService(ahead);
}

/** Of the app, by way of a refresh. */
async function issued(): Promise<Issued> {
  const { refreshToken, authorizationId } = await openChain(world as never, { client: app.id });
  const { body } = await new ProtocolClient(service.url, app).refresh(refreshToken);
  return { token: body.access_token, authorizationId };
}

/** Ends it beside the service, as another instance would. @returns the moment of the machine at which everybody could know */
async function end({ authorizationId }: Issued): Promise<number> {
  await expect(get(RevocationStore).endAuthorization(authorizationId, get(Clock).now())).resolves.toBe(true);
  return machineTime();
}

/** Waits until the API answers so, whatever it says before. */
async function untilAnswers(guard: GuardProcess, { token }: Issued, status: number): Promise<void> {
  const end = performance.now() + LONGEST_WAIT;
  for (let answer; (answer = await guard.ask(token)) !== status; await sleep(20))
    if (performance.now() > end) throw new Error(`${answer} instead of ${status}, and ${JSON.stringify(await guard.status())}`);
}
const LONGEST_WAIT = 60_000;

/** Asks until the API lets nobody in by the token any more: that must be so within `maxStale`, though it cannot hear of its end. */
async function untilNotLetIn(guard: GuardProcess, { token }: Issued, ended: number): Promise<number> {
  for (; ; await sleep(20)) {
    const sent = machineTime();
    const status = await guard.ask(token);
    if (status !== 200) return status;
    expect(sent).toBeLessThanOrEqual(ended + MAX_STALE * 1000);
  }
}

/** All is as it should be, without a new start: it hears of what is ended next. */
async function recovers(guard: GuardProcess, good: Issued, ...ended: Issued[]): Promise<void> {
  await untilAnswers(guard, good, 200);
  while ((await guard.status()).state !== 'fresh') await sleep(20);
  const next = await issued();
  expect(await guard.ask(next.token)).toBe(200);
  for (const each of ended) expect(await guard.ask(each.token)).toBe(401);
  await end(next);
  await untilAnswers(guard, next, 401);
}

/** All of them are as they should be, without a new start: they hear of what is ended next. */
const recover = (those: readonly GuardProcess[], good: Issued, ...ended: Issued[]): Promise<unknown> =>
  Promise.all(those.map((guard) => recovers(guard, good, ...ended)));

describe('APIs, of which one tails the log and one follows over HTTP', () => {
  let good: Issued;
  let before: Issued;
  let meanwhile: Issued;
  beforeEach(async () => {
    [good, before, meanwhile] = await Promise.all([issued(), issued(), issued()]);
    await end(before);
    for (const guard of guards) {
      await untilAnswers(guard, before, 401);
      for (const { token } of [good, meanwhile]) expect(await guard.ask(token)).toBe(200);
    }
  }, PATIENCE);

  it(
    'are blind when the database was killed, let in nobody then, and know all anew when it is back',
    async () => {
      await cluster.killPostmaster();
      for (const guard of guards) {
        await untilAnswers(guard, good, 503);
        expect(await guard.status()).toMatchObject({ state: 'blind' });
        expect(await guard.ask(before.token)).toBe(401);
      }
      await cluster.start();
      for (const guard of guards) await untilAnswers(guard, good, 200);
      await recover(guards, good, before);
    },
    PATIENCE,
  );

  it.each([
    ['database', 0, () => toDatabase],
    ['service', 1, () => toService],
  ] as const)(
    'are blind when the network to the %s swallows everything, and recover by themselves',
    async (_to, which, line) => {
      const guard = guards[which] as GuardProcess;
      line().swallow();
      // Nor does an exact check get an answer.
      expect(await untilNotLetIn(guard, meanwhile, await end(meanwhile))).toBe(503);
      expect([await guard.ask(good.token), await guard.ask(before.token)]).toEqual([503, 401]);
      expect(await guard.status()).toMatchObject({ state: 'blind' });
      line().release();
      await recover([guard], good, before, meanwhile);
    },
    PATIENCE,
  );

  it(
    'need neither the service’s clock nor their own to know what was ended',
    async () => {
      const [ahead, behind] = [HOUR, -HOUR];
      const apart = await Promise.all([
        GuardProcess.start({ ...settings.log, ahead }),
        GuardProcess.start({ ...settings.log, ahead: behind }),
        GuardProcess.start({ ...settings.http, ahead }),
        GuardProcess.start({ ...settings.http, ahead: behind }),
      ]);
      // By its clock, which is the machine's where there is no database, tokens are from the future.
      const [unready] = apart.slice(-1) as [GuardProcess];
      const others = [...guards, ...apart.slice(0, -1)];
      try {
        for (const service of [ahead, behind, 0]) {
          await restartService(service);
          await recover(others, good, before);
          while ((await unready.status()).state !== 'fresh') await sleep(20);
          expect([await unready.ask(good.token), await unready.ask(before.token)]).toEqual([401, 401]);
        }
      } finally {
        await Promise.all(apart.map((other) => other.stop()));
      }
    },
    PATIENCE,
  );

  it(
    'let in what ended while the service was dead for maxStale at most, and what had ended before never',
    async () => {
      await service.kill();
      const ended = await end(meanwhile);
      const [log, http] = await Promise.all(guards.map((guard) => untilNotLetIn(guard, meanwhile, ended)));
      expect([log, http]).toEqual([401, 503]);
      expect(await Promise.all(guards.map((guard) => guard.ask(good.token)))).toEqual([200, 503]);
      expect(await Promise.all(guards.map((guard) => guard.ask(before.token)))).toEqual([401, 401]);
      await startService();
      await recover(guards, good, before, meanwhile);
    },
    PATIENCE,
  );

  it(
    'hear nothing any more once the follower’s client is disabled, and ask in vain; enabled again, it goes on',
    async () => {
      const [log, http] = guards as [GuardProcess, GuardProcess];
      await get(ClientStore).setEnabled(follower.id, false, get(Clock).now());
      await untilAnswers(http, good, 503);
      expect([await log.ask(good.token), await http.ask(before.token)]).toEqual([200, 401]);
      await end(meanwhile);
      await untilAnswers(log, meanwhile, 401);
      await get(ClientStore).setEnabled(follower.id, true, get(Clock).now());
      await recover(guards, good, before, meanwhile);
    },
    PATIENCE,
  );
});
