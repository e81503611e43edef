import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { MaintenanceStore } from '../../../src/storage/maintenance.store.js';
import { onServer } from '../../support/on-server.js';
import { createStorage, type TestStorage } from '../../support/storage.js';
import { report } from '../support/figures.js';
import { PATIENCE, rounds, SOAK } from '../support/size.js';
import type { ReloadReport } from './support/reload-process.js';

const ROWS = rounds(500_000, 1_000_000);
/** Megabytes of objects that a process may have: what an application needs by itself is two thirds of it. */
const HEAP = 64;

let storage: TestStorage;
beforeAll(async () => {
  storage = await createStorage();
  await storage.module.get(MaintenanceStore).prepare(new Date());
  await onServer(storage.url, (client) => client.query(FILL, [ROWS]));
}, PATIENCE);
afterAll(() => storage?.close());

/** $1 how many */
const FILL = `
insert into revocation_log (kind, key, created_at, expires_at)
select 2, uuid_send(gen_random_uuid()), now(), now() + interval '24 hours' from generate_series(1, $1::int)`;

/** What a process says of it, or the signal that it died of. */
async function reload(together: boolean): Promise<ReloadReport | NodeJS.Signals> {
  const loader = new URL('../../support/typescript.mjs', import.meta.url).href;
  const file = fileURLToPath(new URL('support/reload-process.ts', import.meta.url));
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP}`, '--import', loader, file], {
    env: { ...process.env, NODE_OPTIONS: '', RELOAD_OF: storage.url, HOLD_ROWS: together ? 'yes' : 'no' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const gone = once(child, 'exit');
  const [told] = (await Promise.race([once(child, 'message'), gone.then(([, signal]: unknown[]) => [signal])])) as [
    ReloadReport | NodeJS.Signals,
  ];
  child.kill('SIGKILL');
  await gone;
  return told;
}

describe(`To read all of a log of ${ROWS} rows`, () => {
  it(
    `a heap of ${HEAP} MB is enough for a guard, which holds a few thousand of them at a time`,
    async () => {
      const told = await reload(false);
      expect(told).toEqual({ held: ROWS, heap: expect.any(Number) });
      if (SOAK && typeof told === 'object') report(`${ROWS} rows: ${(told.heap / 1e6).toFixed(0)} MB of heap at most`);
    },
    PATIENCE,
  );

  // Without this, nothing above would show that there was anything to save.
  it(
    'it is not for somebody who wants them together',
    async () => {
      expect(await reload(true)).toBe('SIGABRT');
    },
    PATIENCE,
  );
});
