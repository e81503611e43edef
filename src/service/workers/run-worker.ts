import type { Worker } from 'node:cluster';
import { reasonOf } from '../refusal.js';
import { runProcess } from '../run-process.js';
import { startWorker } from './start-worker.js';
import { tellPrimary } from './tell-primary.js';

/** The whole life of a worker. Why it does not start is for its primary to say: it knows whether that was said before. */
export const runWorker = (worker: Worker, told: AbortSignal): Promise<never> =>
  runProcess(told, {
    start: (environment, log) => startWorker(worker, environment, log, told),
    logged: { worker: worker.id },
    refused: (reason) => tellPrimary(worker, { refused: reasonOf(reason) }),
  });
