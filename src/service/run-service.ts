import { once } from 'node:events';
import { readEnvironment, EnvironmentError } from './environment.js';
import type { Environment } from './environment/variables.js';
import { errorFields, withoutSecrets } from './logging/error-fields.js';
import { createLog, STDOUT, type Log } from './logging/log.js';
import { startService } from './start-service.js';
import { ToldToStop } from './told-to-stop.js';

/** The whole life of the process: start or be refused, serve until told to stop, let go, exit. */
export async function runService(told: AbortSignal): Promise<void> {
  try {
    const environment = readEnvironment();
    const log = createLog(environment.LOG_LEVEL, STDOUT);
    dieLoudly(log);
    const stopping = (): void => log.info({ context: 'Service', signal: (told.reason as ToldToStop).signal, msg: 'Stopping' });
    if (told.aborted) stopping();
    else told.addEventListener('abort', stopping);
    await serve(environment, log, told);
    log.info({ context: 'Service', msg: 'Stopped' });
  } catch (error) {
    process.stderr.write(`${refusal(error)}\n`);
    process.exit(1);
  }
  process.exit(0);
}

/** Until told to stop, be it during the start. */
async function serve(environment: Environment, log: Log, told: AbortSignal): Promise<void> {
  const limitStart = (): void => void setTimeout(() => giveUp(log), environment.SHUTDOWN_TIMEOUT * 1000);
  told.addEventListener('abort', limitStart);
  try {
    const service = await startService(environment, log, (text) => process.stdout.write(text), told);
    told.removeEventListener('abort', limitStart);
    if (!told.aborted) await once(told, 'abort');
    await service.stop();
  } catch (error) {
    if (!told.aborted) throw error;
    // A Ctrl-C reaches the programs that make the embedded database, too: that they fail then is no failure of the start.
    if (!(error instanceof ToldToStop)) log.debug({ context: 'Service', err: errorFields(error), msg: 'The start was given up' });
  }
}

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

function refusal(error: unknown): string {
  if (error instanceof EnvironmentError) return error.message;
  return `Countersign cannot start: ${withoutSecrets(errorFields(error).message)}`;
}
