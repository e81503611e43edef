import type { Worker } from 'node:cluster';
import type { Environment } from '../environment/variables.js';
import { sharedFoundations } from '../foundations.js';
import { Held } from '../held.js';
import type { Log } from '../logging/log.js';
import type { RunningService } from '../running-service.js';
import { serveApplication } from '../serve-application.js';
import { tellPrimary } from './tell-primary.js';

/** The first worker starts alone, and does what is done once: the demo data and their banner. */
const FIRST = 1;

/** One of the processes that answer requests, on what its primary has prepared. @throws Error that says what to change; the reason of `told` */
export async function startWorker(worker: Worker, environment: Environment, log: Log, told: AbortSignal): Promise<RunningService> {
  const held = new Held(log);
  try {
    told.throwIfAborted();
    const foundations = { ...(await sharedFoundations(environment)), embedded: false };
    const print = worker.id === FIRST ? (text: string): unknown => process.stdout.write(text) : undefined;
    await serveApplication({ environment, foundations, log, told, held, print });
    await tellPrimary(worker, { serves: true });
    return {
      stop: async () => {
        await held.release();
        return 0;
      },
    };
  } catch (error) {
    await held.release();
    throw error;
  }
}
