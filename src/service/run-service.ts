import { refusalOf } from './refusal.js';
import { runProcess } from './run-process.js';

/** The whole life of the process that was started: it is the service, or with WORKERS the primary of those that are. */
export const runService = (told: AbortSignal): Promise<never> =>
  runProcess(told, {
    start: async (environment, log) =>
      // Each loads what it needs: a primary answers no request.
      environment.WORKERS === 1
        ? (await import('./start-service.js')).startService(environment, log, told)
        : (await import('./workers/start-workers.js')).startWorkers(environment, log, told),
    refused: (reason) => void process.stderr.write(`${refusalOf(reason)}\n`),
  });
