import type { Environment } from './environment/variables.js';
import type { Log } from './logging/log.js';

export interface RunningService {
  /** Rejects when it cannot go on; never resolves. */
  readonly failed?: Promise<never>;
  /** Lets the requests under way finish, then lets go of everything. Resolves to the status to exit with: 1 where something had to be ended by force. */
  stop(): Promise<0 | 1>;
}

/** Starts what a process is for, unless `told` to stop meanwhile. @throws Error that says what to change; the reason of `told` */
export type Start = (environment: Environment, log: Log, told: AbortSignal) => Promise<RunningService>;

/** What was served came to an end that nobody asked for. The message completes "Countersign cannot go on: …". */
export class CannotGoOnError extends Error {
  override readonly name = 'CannotGoOnError';
}
