import { switchedOff, switchedOffWithPages } from './environment/module-options.js';
import type { Environment } from './environment/variables.js';
import { layFoundations, type LaidFoundations } from './foundations.js';
import { heedingOf } from './heeding.js';
import type { Held } from './held.js';
import type { Log } from './logging/log.js';
import { prepareDatabase } from './prepare-database.js';

/**
 * What comes before the application, once for all processes of the service: database, master key, tables, and a word on what is off.
 * @throws Error that says what to change; what the process was told to stop by
 */
export async function prepareFoundations(environment: Environment, log: Log, told: AbortSignal, held: Held): Promise<LaidFoundations> {
  told.throwIfAborted();
  // Not to be given up: nobody would stop the server that is being started.
  const foundations = await layFoundations(environment, { log: (line) => log.debug({ context: 'PostgreSQL', msg: line }) });
  held.add(() => foundations.release());
  const heeding = heedingOf(told, foundations.embedded);
  const migrated = await heeding(() => prepareDatabase(foundations.databaseUrl, { migrate: environment.AUTO_MIGRATE }));
  if (migrated.length > 0) log.info({ context: 'Migrations', migrations: migrated, msg: 'Migrated' });
  tellWhatIsOff(environment, log);
  return foundations;
}

function tellWhatIsOff(environment: Environment, log: Log): void {
  const off = switchedOff(environment);
  if (off.length > 0) log.warn({ context: 'Service', off, msg: 'TOKEN_STORAGE is off, and so is what needs it. No token can be revoked.' });
  const withPages = switchedOffWithPages(environment);
  if (withPages.length > 0) log.warn({ context: 'Service', off: withPages, msg: 'PAGES is off, and so is what needs them.' });
}
