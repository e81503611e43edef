import type { Worker } from 'node:cluster';
import type { WorkerMessage } from './worker-message.js';

/** Resolves once the message is out; also where nobody is there any more to hear it. */
export function tellPrimary(worker: Worker, message: WorkerMessage): Promise<void> {
  if (!worker.isConnected()) return Promise.resolve();
  return new Promise((resolve) => worker.send(message, undefined, undefined, () => resolve()));
}
