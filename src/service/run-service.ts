import { readEnvironment, EnvironmentError } from './environment.js';
import { errorFields, withoutSecrets } from './logging/error-fields.js';
import { createLog, STDOUT, type Log } from './logging/log.js';
import { startService, type RunningService } from './start-service.js';

/** The whole life of the process: start or be refused, serve until told to stop, let go, exit. */
export async function runService(): Promise<void> {
  const stopAsked = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, resolve);
  });
  let service: RunningService;
  let log: Log;
  try {
    const environment = readEnvironment();
    log = createLog(environment.LOG_LEVEL, STDOUT);
    dieLoudly(log);
    service = await startService(environment, log, (text) => process.stdout.write(text));
  } catch (error) {
    process.stderr.write(`${refusal(error)}\n`);
    process.exit(1);
  }
  const signal = await stopAsked;
  log.info({ context: 'Service', signal, msg: 'Stopping' });
  await service.stop();
  log.info({ context: 'Service', msg: 'Stopped' });
  process.exit(0);
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
