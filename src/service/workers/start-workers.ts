import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../environment/variables.js';
import { Held } from '../held.js';
import type { Log } from '../logging/log.js';
import { connectionsAllowed } from '../prepare-database.js';
import { prepareFoundations } from '../prepare-foundations.js';
import type { RunningService } from '../running-service.js';
import { unlessTold } from '../told-to-stop.js';
import { Workers } from './workers.js';

const WORKER = fileURLToPath(new URL('../../worker.js', import.meta.url));
/** After SHUTDOWN_TIMEOUT a worker cuts off what is under way; so much longer it may take to close what it holds. */
const CLOSING_MS = 2_000;

/**
 * This process as the primary: it prepares what there is one of, starts the workers, and outlives them, an embedded database included.
 * @throws Error that says what to change; what the process was told to stop by
 */
export async function startWorkers(environment: Environment, log: Log, told: AbortSignal): Promise<RunningService> {
  const held = new Held(log);
  let orderly = true;
  try {
    const { databaseUrl } = await prepareFoundations(environment, log, told, held);
    await unlessTold(told, () => warnOfConnections(environment, databaseUrl, log));
    cluster.setupPrimary({ exec: WORKER, args: [] });
    const workers = new Workers(environment.WORKERS, log);
    // Who insisted does not wait for them, and leaves none behind. When the primary dies by itself, they notice, and finish what is under way.
    process.once('exit', () => {
      if (told.aborted) workers.killAll();
    });
    held.add(async () => void (orderly = await workers.stop(environment.SHUTDOWN_TIMEOUT * 1000 + CLOSING_MS)));
    await unlessTold(told, () => workers.start());
    return {
      failed: workers.failed,
      stop: async () => {
        await held.release();
        return orderly ? 0 : 1;
      },
    };
  } catch (error) {
    await held.release();
    throw error;
  }
}

/** Under load they would be refused there, one by one. */
async function warnOfConnections({ WORKERS, DATABASE_POOL_SIZE }: Environment, databaseUrl: string, log: Log): Promise<void> {
  const most = WORKERS * (DATABASE_POOL_SIZE + 1); // one more follows the log of revocations
  const allowed = await connectionsAllowed(databaseUrl);
  if (most <= allowed) return;
  const msg =
    'The workers may want more connections than the database server allows: lower WORKERS or DATABASE_POOL_SIZE, or raise max_connections';
  log.warn({ context: 'Workers', most, allowed, msg });
}
