import type { Command } from 'commander';
import { readCommandEnvironment } from '../../environment.js';
import { issuerOf, switchedOff } from '../../environment/module-options.js';
import type { CommandHost } from '../command-host.js';
import { record } from '../terminal.js';

export function checkConfigCommand(program: Command, { terminal, print, run }: CommandHost): void {
  program
    .command('check-config')
    .description('say everything that is wrong with the environment variables')
    .option('--database', 'also connect: server version, migrations, master key')
    .action(async (options: { database?: true }) => {
      const environment = readCommandEnvironment(terminal.environment);
      const off = switchedOff(environment);
      const summary = {
        configuration: 'ok',
        issuer: issuerOf(environment),
        database: environment.DATABASE_URL === undefined ? 'embedded' : 'DATABASE_URL',
        ...(off.length > 0 && { switchedOff: off }),
      };
      if (options.database) await run(() => Promise.resolve(record({ ...summary, connection: 'ok' })));
      else print(record(summary));
    });
}
