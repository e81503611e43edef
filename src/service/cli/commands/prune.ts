import type { Command } from 'commander';
import { ISSUANCE_OPTIONS } from '../../../issuance/issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../../../issuance/issuance.options.js';
import { Clock } from '../../../protocol/clock.js';
import { MaintenanceStore } from '../../../storage/maintenance.store.js';
import type { CommandHost } from '../command-host.js';
import { record } from '../terminal.js';

export function pruneCommand(program: Command, { run }: CommandHost): void {
  program
    .command('prune')
    .description('drop what has expired; the service does so by itself')
    .action(() =>
      run(async (app) => {
        const { retention } = app.get<ResolvedIssuanceOptions>(ISSUANCE_OPTIONS, { strict: false });
        return record({
          ...(await app.get(MaintenanceStore, { strict: false }).prune(app.get(Clock, { strict: false }).now(), retention)),
        });
      }),
    );
}
