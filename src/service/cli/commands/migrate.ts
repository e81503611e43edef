import type { Command } from 'commander';
import { readCommandEnvironment } from '../../environment.js';
import { layFoundations } from '../../foundations.js';
import { prepareDatabase } from '../../prepare-database.js';
import type { CommandHost } from '../command-host.js';
import { message } from '../terminal.js';

export function migrateCommand(program: Command, { terminal, print }: CommandHost): void {
  program
    .command('migrate')
    .description('bring the tables up to date')
    .action(async () => {
      const foundations = await layFoundations(readCommandEnvironment(terminal.environment), { attach: true });
      try {
        const migrations = await prepareDatabase(foundations.databaseUrl, { migrate: true });
        print(message(migrations.length === 0 ? 'The tables are up to date.' : `Migrated: ${migrations.join(', ')}.`, { migrations }));
      } finally {
        await foundations.release();
      }
    });
}
