import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Test, type TestingModule } from '@nestjs/testing';
import { Clock } from '../../../src/protocol/clock.js';
import { PostgresStorageModule } from '../../../src/storage/postgres/postgres-storage.module.js';
import { confidentialClient } from '../../support/clients.js';
import { TEST_MASTER_KEY } from '../../support/first-start.js';
import { onServer } from '../../support/on-server.js';
import { createDatabase, type TestDatabase } from '../../support/postgres.js';
import { ProtocolClient } from '../../support/protocol-client.js';
import { startServiceProcess, type ServiceProcess } from '../../support/start-service-process.js';
import { STARTED } from '../../support/template.js';
import { report } from '../support/figures.js';
import { PATIENCE, rounds, SOAK } from '../support/size.js';
import type { FollowerReport, FollowerSettings } from './support/follower-process.js';
import { machineTime } from './support/machine-time.js';

const FOLLOWERS = rounds(200, 1_000);
const PER_SECOND = 100;
const SECONDS = rounds(2, 10);
const ROWS = PER_SECOND * SECONDS;

let database: TestDatabase;
let stores: TestingModule;
let service: ServiceProcess;
let followers: ChildProcess | undefined;

beforeAll(async () => {
  database = await createDatabase(STARTED);
  service = await startServiceProcess({ databaseUrl: database.url, masterKey: TEST_MASTER_KEY.toString('hex') });
  stores = await Test.createTestingModule({ imports: [PostgresStorageModule.forRoot({ url: database.url, poolSize: 2 })] }).compile();
}, PATIENCE);
afterAll(async () => {
  followers?.disconnect();
  await service?.kill();
  await stores?.close();
  await database?.drop();
});

/** A process in which so many follow; all of them have heard something. */
async function startFollowers(settings: FollowerSettings): Promise<ChildProcess> {
  const loader = new URL('../../support/typescript.mjs', import.meta.url).href;
  const child = fork(fileURLToPath(new URL('support/follower-process.ts', import.meta.url)), {
    execArgv: ['--import', loader],
    env: { ...process.env, NODE_OPTIONS: '', FOLLOW: JSON.stringify(settings) },
  });
  const gone = once(child, 'exit').then(() => Promise.reject(new Error('The followers have ended.')));
  gone.catch(() => undefined);
  await Promise.race([once(child, 'message'), gone]);
  return child;
}

/** Revokes one after the other, each in its own transaction. Returns when each was begun. */
const revoke = (): Promise<number[]> =>
  onServer(database.url, async (client) => {
    const sent: number[] = [];
    for (const began = machineTime(); sent.length < ROWS;) {
      await sleep(began + (sent.length * 1000) / PER_SECOND - machineTime());
      sent.push(machineTime());
      const key = Buffer.alloc(16);
      key.writeBigUInt64BE(BigInt(sent.length), 8);
      await client.query({ ...INSERT, values: [key] });
    }
    return sent;
  });

const INSERT = {
  name: 'revoke',
  text: `insert into revocation_log (kind, key, created_at, expires_at) values (2, $1, now(), now() + interval '1 hour')`,
};

describe(`${FOLLOWERS} streams of one service, and ${PER_SECOND} revocations a second`, () => {
  it(
    'lose nothing',
    async () => {
      const get = <T>(provider: abstract new (...args: never[]) => T): T => stores.get(provider as never, { strict: false });
      const client = await confidentialClient()
        .withScopes('revocations:read')
        .register({ get, clock: get(Clock) } as never);
      const api = new ProtocolClient(service.url, client);
      const { access_token: token } = (await api.token({ grant_type: 'client_credentials', scope: 'revocations:read' })).body;
      const { body } = await api.send('/connect/revocations/snapshot', { headers: { authorization: `Bearer ${token}` } });
      const port = Number(new URL(service.url).port);
      const child = await startFollowers({ port, token, cursor: body.cursor, followers: FOLLOWERS, rows: ROWS });
      followers = child;
      const sent = await revoke();
      await sleep(2_000);
      child.send(sent);
      const [{ p50, p99, max, ...faults }] = (await once(child, 'message')) as [FollowerReport];
      if (SOAK)
        report(
          `${ROWS} revocations to ${FOLLOWERS} streams: p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, max ${max.toFixed(1)} ms from before each`,
        );
      expect(faults).toEqual({ lost: 0, twice: 0, dropped: 0 });
    },
    PATIENCE,
  );
});
