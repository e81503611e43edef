import type { Command } from 'commander';
import { Clock } from '../../../protocol/clock.js';
import { isScopeToken } from '../../../protocol/scope.js';
import { ScopeStore } from '../../../storage/scope.store.js';
import { isResource } from '../client-rules.js';
import { collect, type CommandHost } from '../command-host.js';
import { message, Misuse, record, Refusal, table } from '../terminal.js';

export function scopeCommands(program: Command, { run }: CommandHost): void {
  const scope = program.command('scope').description('the scopes that clients may be permitted');
  scope
    .command('list')
    .description('list the scopes')
    .action(() =>
      run(async (app) =>
        table(
          await app
            .get(ScopeStore, { strict: false })
            .list()
            .then((all) => all.map((one) => ({ ...one }))),
          ['name', 'resources', 'description'],
        ),
      ),
    );
  scope
    .command('put <name>')
    .description('make a scope, or change what is named of it')
    .option('--resource <uri>', 'audience of tokens with this scope (several: repeat)', collect)
    .option('--description <text>', 'what people read of it')
    .action((name: string, options: { resource?: string[]; description?: string }) => {
      const resources = options.resource ?? [];
      if (!isScopeToken(name) || name.length > 100) {
        throw new Misuse('A scope is 1 to 100 printable ASCII characters without blank, quote or backslash (RFC 6749 §3.3).');
      }
      const bad = resources.find((resource) => !isResource(resource));
      if (bad !== undefined) throw new Misuse('A resource is an absolute URI without a fragment (RFC 8707 §2).');
      return run(async (app) => {
        const store = app.get(ScopeStore, { strict: false });
        const before = (await store.list()).find((one) => one.name === name);
        const described = options.description === undefined ? {} : { description: options.description };
        const made = { name, resources: [], ...before, ...(options.resource && { resources: options.resource }), ...described };
        await store.put(made, app.get(Clock, { strict: false }).now());
        return record(made);
      });
    });
  scope
    .command('remove <name>')
    .description('remove a scope; tokens that have it keep it')
    .action((name: string) =>
      run(async (app) => {
        const now = app.get(Clock, { strict: false }).now();
        if (!(await app.get(ScopeStore, { strict: false }).remove(name, now))) throw new Refusal('There is no such scope.');
        return message('Removed.', { name });
      }),
    );
}
