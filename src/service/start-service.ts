import type { Environment } from './environment/variables.js';
import { Held } from './held.js';
import type { Log } from './logging/log.js';
import { prepareFoundations } from './prepare-foundations.js';
import type { RunningService } from './running-service.js';
import { serveApplication } from './serve-application.js';

/**
 * All of the service in this process. Database, tables, keys, application, port: in this order, and back in the other. Given up when `told`.
 * @throws Error that says what to change; what the process was told to stop by
 */
export async function startService(environment: Environment, log: Log, told: AbortSignal): Promise<RunningService> {
  const held = new Held(log);
  try {
    const foundations = await prepareFoundations(environment, log, told, held);
    await serveApplication({ environment, foundations, log, told, held, print: (text) => process.stdout.write(text) });
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
