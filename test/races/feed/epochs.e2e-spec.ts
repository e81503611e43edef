import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { MaintenanceStore } from '../../../src/storage/maintenance.store.js';
import { StorageUnavailableError } from '../../../src/storage/storage-unavailable.error.js';
import { migrate } from '../../support/migrate.js';
import { onServer } from '../../support/on-server.js';
import { startCluster, type TestCluster } from '../../support/postgres.js';
import { PATIENCE } from '../support/size.js';
import { Followed } from './support/followed.js';
import { loseNumbers, type Afterwards } from './support/lost-numbers.js';
import { startStandby, type Standby } from './support/standby.js';
import { Switch } from './support/switch.js';

const SYSTEM = `(select system_identifier from pg_control_system())::text`;
const TIMELINE = `substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)`;

let cluster: TestCluster;
let standby: Standby;
let address: Switch;
let followed: Followed;
let refused: Followed | undefined;

beforeAll(async () => {
  cluster = await startCluster({ durable: true });
  // Else what was taken just before a crash is written down by chance.
  await onServer(cluster.url, (client) => client.query(`alter system set wal_writer_delay = '10s'`));
  await migrate(cluster.url);
  address = await Switch.to(cluster.url);
  standby = await startStandby(cluster);
  followed = await Followed.open({ url: address.url }, (stores) => stores.get(MaintenanceStore).prepare(new Date()));
}, PATIENCE);

afterAll(async () => {
  await Promise.all([followed?.close(), refused?.close()]);
  await address?.close();
  await standby?.remove();
  await cluster?.remove();
});

/** The old cursor is refused, and the tail reads all anew and has the row; whoever went by less than the whole epoch missed it. */
async function expectNothingMissed(reloads: number, { cursor, key, weakly }: Afterwards): Promise<void> {
  expect(weakly).toEqual([]);
  expect(await followed.log.readSince(cursor)).toBeUndefined();
  expect((await followed.end()).epoch).not.toBe(cursor.epoch);
  await followed.until(() => followed.came.has(key));
  expect(followed.reloads).toBeGreaterThan(reloads);
}

/** SIGKILL to one session: the server ends all others and recovers, without a new start. */
async function killBackend(): Promise<void> {
  const [victim, witness] = [new pg.Client({ connectionString: cluster.url }), new pg.Client({ connectionString: cluster.url })];
  for (const client of [victim, witness]) await client.on('error', () => undefined).connect();
  const { rows } = await victim.query<{ pid: number }>('select pg_backend_pid() as pid');
  const ended = Promise.all([victim, witness].map((client) => new Promise((resolve) => client.once('end', resolve))));
  process.kill(rows[0]?.pid ?? NaN, 'SIGKILL');
  await ended;
}

// Seen to fail, each by the part it needs: an epoch without `stats_reset`; one without that and the start; one that a standby may tell.
describe('When transaction numbers went back, nothing is missed', () => {
  it(
    'after kill -9 of a session of Postgres',
    async () => {
      const { reloads } = followed;
      const weakEpoch = `${SYSTEM} || ${TIMELINE} || pg_postmaster_start_time()`;
      await expectNothingMissed(reloads, await loseNumbers(followed, { url: address.url, weakEpoch, strike: killBackend }));
    },
    PATIENCE,
  );

  it(
    'after an immediate stop and a start',
    async () => {
      const { reloads } = followed;
      const strike = async (): Promise<void> => {
        await cluster.stop('immediate');
        await cluster.start();
      };
      await expectNothingMissed(reloads, await loseNumbers(followed, { url: address.url, weakEpoch: `${SYSTEM} || ${TIMELINE}`, strike }));
    },
    PATIENCE,
  );

  it(
    'after a lagging standby took over; until then it told nothing',
    async () => {
      const early = (refused = await Followed.open({ url: standby.url }));
      await asked(standby.url);
      await expect(early.end()).rejects.toThrow(StorageUnavailableError);
      const cursor = await followed.end();
      await expect(early.log.readSince(cursor)).rejects.toThrow(StorageUnavailableError);
      expect(early.reports).toBe(0);

      await standby.disconnect();
      const { reloads } = followed;
      const strike = async (): Promise<void> => {
        await cluster.stop('immediate');
        await standby.promote();
        address.move(standby.url);
      };
      const afterwards = await loseNumbers(followed, { url: address.url, weakEpoch: SYSTEM, strike });
      await expectNothingMissed(reloads, afterwards);
      await early.until(() => early.came.has(afterwards.key));
    },
    PATIENCE,
  );
});

/** Waits until a tail has asked there for the log. */
const asked = (url: string): Promise<void> =>
  onServer(url, async (client) => {
    const text = `select from pg_stat_activity where pid <> pg_backend_pid() and state = 'idle' and query = 'rollback'`;
    while ((await client.query(text)).rowCount === 0) await sleep(10);
  });
