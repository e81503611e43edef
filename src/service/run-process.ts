import { once } from 'node:events';
import { readEnvironment } from './environment.js';
import type { Environment } from './environment/variables.js';
import { errorFields } from './logging/error-fields.js';
import { createLog, STDOUT, type Log } from './logging/log.js';
import type { Start } from './running-service.js';
import { ToldToStop } from './told-to-stop.js';

export interface ProcessKind {
  readonly start: Start;
  /** Fields of every line it logs. */
  readonly logged?: Record<string, unknown>;
  /** Gets the reason before the process exits with 1. */
  readonly refused: (reason: unknown) => void | Promise<void>;
}

/** The whole life of a process: start or be refused, serve until told to stop, let go, exit. */
export async function runProcess(told: AbortSignal, { start, logged, refused }: ProcessKind): Promise<never> {
  let status: number;
  try {
    const environment = readEnvironment();
    const log = createLog(environment.LOG_LEVEL, STDOUT, logged);
    dieLoudly(log);
    const stopping = (): void => tellOfStopping(told.reason as ToldToStop, log);
    if (told.aborted) stopping();
    else told.addEventListener('abort', stopping);
    status = await serve(environment, log, told, start);
    log.info({ context: 'Service', msg: 'Stopped' });
  } catch (error) {
    await refused(error);
    status = 1;
  }
  process.exit(status);
}

/** Until told to stop, be it during the start. Resolves to the status to exit with. */
async function serve(environment: Environment, log: Log, told: AbortSignal, start: Start): Promise<number> {
  const limitStart = (): void => void setTimeout(() => giveUp(log), environment.SHUTDOWN_TIMEOUT * 1000);
  told.addEventListener('abort', limitStart);
  try {
    const service = await start(environment, log, told);
    told.removeEventListener('abort', limitStart);
    const { failed = new Promise<never>(() => undefined) } = service;
    const failure = told.aborted ? undefined : await Promise.race([once(told, 'abort').then(() => undefined), failed.catch(asError)]);
    const status = await service.stop();
    if (failure) throw failure;
    return status;
  } catch (error) {
    if (!told.aborted) throw error;
    // A Ctrl-C reaches the programs that make the embedded database, too: that they fail then is no failure of the start.
    if (!(error instanceof ToldToStop)) log.debug({ context: 'Service', err: errorFields(error), msg: 'The start was given up' });
    return 0;
  }
}

const tellOfStopping = ({ signal }: ToldToStop, log: Log): void =>
  signal === undefined
    ? log.warn({ context: 'Service', msg: 'Stopping: the primary is gone' })
    : log.info({ context: 'Service', signal, msg: 'Stopping' });

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));

/** The database that was being made or stopped is taken over by the next start on its folder. */
function giveUp(log: Log): void {
  log.error({ context: 'Service', msg: 'Exiting all the same: letting go of what had been started took longer than SHUTDOWN_TIMEOUT' });
  process.exit(1);
}

/** Node would print whatever an error carries, the row of a database error included. */
function dieLoudly(log: Log): void {
  process.on('uncaughtException', (error) => {
    log.fatal({ context: 'Process', err: errorFields(error), msg: 'Uncaught error' });
    process.exit(1);
  });
}
