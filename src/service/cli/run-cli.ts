import { Command, CommanderError } from 'commander';
import { EnvironmentError, readCommandEnvironment } from '../environment.js';
import { errorFields, withoutSecrets } from '../logging/error-fields.js';
import { authorizationCommands } from './commands/authorization.js';
import { checkConfigCommand } from './commands/check-config.js';
import { clientCommands } from './commands/client.js';
import { keyCommands } from './commands/key.js';
import { migrateCommand } from './commands/migrate.js';
import { pruneCommand } from './commands/prune.js';
import { scopeCommands } from './commands/scope.js';
import { sessionCommands } from './commands/session.js';
import { tokenCommands } from './commands/token.js';
import { userCommands } from './commands/user.js';
import type { CommandHost } from './command-host.js';
import { idsLast } from './ids-last.js';
import { Misuse, Refusal, type Result, type Terminal } from './terminal.js';
import { withApplication } from './with-application.js';

const REFUSED = 1;
const USAGE = 2;

/** Runs one command line. Returns the exit status: 0 done, 1 refused or not found, 2 not understood. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = new Command('countersign')
    .description('Operates a Countersign service: by the same environment variables as the service, on its database.')
    .option('--json', 'print JSON')
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.out(text), writeErr: (text) => terminal.err(text) });
  const print = ({ data, human }: Result): void => terminal.out(`${program.opts()['json'] ? JSON.stringify(data, undefined, 2) : human}\n`);
  const host: CommandHost = {
    terminal,
    print,
    run: async (work) => print(await withApplication(readCommandEnvironment(terminal.environment), work)),
  };
  for (const declare of COMMANDS) declare(program, host);
  try {
    await program.parseAsync(idsLast(args), { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
    terminal.err(`${explain(error)}\n`);
    return error instanceof Misuse ? USAGE : REFUSED;
  }
}

const COMMANDS: readonly ((program: Command, host: CommandHost) => void)[] = [
  migrateCommand,
  checkConfigCommand,
  clientCommands,
  userCommands,
  tokenCommands,
  sessionCommands,
  authorizationCommands,
  scopeCommands,
  keyCommands,
  pruneCommand,
];

function explain(error: unknown): string {
  if (error instanceof Refusal || error instanceof Misuse || error instanceof EnvironmentError) return error.message;
  return withoutSecrets(errorFields(error).message);
}
