import cluster, { type Worker } from 'node:cluster';
import { isWorkerMessage } from './worker-message.js';

/** How a worker ended. */
export interface Death {
  /** What the process exited with; null: a signal ended it, or it could not be started. */
  readonly status: number | null;
  readonly signal?: string;
  /** Why it did not start, in its own words, where it said so. */
  readonly refusal?: string;
  /** Milliseconds since its start. */
  readonly lived: number;
}

/** A worker, from its primary's side: one process, from its start to its end. */
export class WorkerProcess {
  /** Resolves once it serves. */
  readonly serves: Promise<void>;
  readonly ended: Promise<Death>;
  private readonly born = performance.now();
  private readonly worker: Worker;
  private refusal: string | undefined;

  /** Starts it. */
  constructor() {
    this.worker = cluster.fork();
    this.serves = new Promise((resolve) => {
      this.worker.on('message', (message: unknown) => {
        if (!isWorkerMessage(message)) return;
        if ('refused' in message) this.refusal = message.refused;
        else resolve();
      });
    });
    this.ended = new Promise((resolve) => {
      this.worker.once('exit', (status: number | null, signal: string | null) => resolve(this.death(status, signal)));
      // A machine that has no room for another process tells by an error; others, of messages to a worker that is going, mean nothing.
      this.worker.on('error', (error: Error) => {
        this.refusal ??= error.message;
        if (this.pid === undefined) resolve(this.death(null, null));
      });
    });
  }

  /** Counted from 1 for each primary, never used again. */
  get id(): number {
    return this.worker.id;
  }

  get pid(): number | undefined {
    return this.worker.process.pid;
  }

  /** It takes no connection from this moment on, finishes what it has begun and exits. */
  tellToStop(): void {
    this.worker.process.kill('SIGTERM');
    // Takes it off the sockets, which are the primary's: they close with the last one, even if that is hanging.
    this.worker.disconnect();
  }

  /** Ends it on the spot. */
  kill(): void {
    this.worker.process.kill('SIGKILL');
  }

  private death(status: number | null, signal: string | null): Death {
    return {
      status,
      ...(signal !== null && { signal }),
      ...(this.refusal !== undefined && { refusal: this.refusal }),
      lived: performance.now() - this.born,
    };
  }
}
