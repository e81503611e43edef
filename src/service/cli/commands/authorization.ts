import type { Command } from 'commander';
import { Endings } from '../../../issuance/tokens/endings.js';
import { Clock } from '../../../protocol/clock.js';
import { AuthorizationStore } from '../../../storage/authorization.store.js';
import type { CommandHost } from '../command-host.js';
import { findPerson } from '../find-person.js';
import { message, Refusal, table } from '../terminal.js';

export function authorizationCommands(program: Command, { run }: CommandHost): void {
  const authorization = program.command('authorization').description('grants: what an app may do for a person, or for itself');
  authorization
    .command('list <user>')
    .description('list the live grants of a person, by e-mail or id')
    .action((who: string) =>
      run(async (app) => {
        const person = await findPerson(app, who);
        const grants = await app.get(AuthorizationStore, { strict: false }).list(person.id, app.get(Clock, { strict: false }).now());
        return table(
          grants.map((grant) => ({ ...grant })),
          ['id', 'client', 'sid', 'scopes', 'createdAt', 'lastUsedAt', 'expiresAt'],
        );
      }),
    );
  authorization
    .command('end <id>')
    .description('end a grant with all its tokens; `token show` and `authorization list` tell the id')
    .action((id: string) =>
      run(async (app) => {
        const { grants } = await app.get(Endings, { strict: false }).endAuthorization(id);
        if (grants === 0) throw new Refusal('There is no such grant, or it has ended already.');
        return message('Ended.', { id });
      }),
    );
}
