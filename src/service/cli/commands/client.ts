import type { INestApplicationContext } from '@nestjs/common';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { ClientPolicy, STANDARD_SCOPES } from '../../../issuance/clients/client-policy.js';
import { GrantTypes } from '../../../issuance/grants/grant-types.js';
import { Endings } from '../../../issuance/tokens/endings.js';
import { ISSUANCE_OPTIONS } from '../../../issuance/issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../../../issuance/issuance.options.js';
import { Clock } from '../../../protocol/clock.js';
import { sha256 } from '../../../protocol/hashing.js';
import { ClientStore, type ClientRecord, type ClientType, type NewClient } from '../../../storage/client.store.js';
import { ScopeStore } from '../../../storage/scope.store.js';
import { newSecret } from '../../first-run/demo-credentials.js';
import { describeClient as describe } from '../client-description.js';
import { applyOptions, blankClient, seconds, UNSETTABLE, withClientOptions, type ClientOptions } from '../client-options.js';
import { clientFaults } from '../client-rules.js';
import { collect, type CommandHost } from '../command-host.js';
import { message, record, Refusal, table } from '../terminal.js';

const DAY = 86_400;
const LONGEST_OVERLAP = 30 * DAY;

export function clientCommands(program: Command, { run }: CommandHost): void {
  const client = program.command('client').description('the applications that get tokens');
  withClientOptions(
    client
      .command('create')
      .description('make a client; a secret, if it has one, is shown once')
      .requiredOption('--id <id>', 'its client_id')
      .addOption(new Option('--type <type>', 'whether it can keep a secret').choices(['public', 'confidential']).makeOptionMandatory()),
  ).action((options: ClientOptions & { id: string; type: ClientType }) =>
    run((app) => create(app, applyOptions(blankClient(options.id, options.type), options))),
  );
  client
    .command('list')
    .description('list the clients')
    .action(() =>
      run(async (app) =>
        table((await app.get(ClientStore, { strict: false }).list()).map(describe), ['id', 'type', 'status', 'grants', 'scopes', 'name']),
      ),
    );
  client
    .command('show <id>')
    .description('say everything about a client but its secrets')
    .action((id: string) => run(async (app) => record(describe(await find(app, id)))));
  withClientOptions(client.command('update <id>').description('change a client: what is said replaces what was'))
    .addOption(new Option('--unset <option>', 'empty a list, or follow the service again (several: repeat)').argParser(unsettable))
    .action((id: string, options: ClientOptions) => run((app) => update(app, id, options)));
  client
    .command('end-tokens <id>')
    .description('end every token and grant of a client; it may get others at once')
    .action((id: string) => run((app) => endTokens(app, id)));
  client
    .command('disable <id>')
    .description('end every token and grant of a client, for good')
    .action((id: string) => run((app) => setEnabled(app, id, false)));
  client
    .command('enable <id>')
    .description('let a disabled client get tokens again; what was ended stays ended')
    .action((id: string) => run((app) => setEnabled(app, id, true)));
  client
    .command('rotate-secret <id>')
    .description('make a new secret, shown once')
    .option('--overlap <seconds>', 'how long the one before still works', seconds, DAY)
    .action((id: string, { overlap }: { overlap: number }) => run((app) => rotateSecret(app, id, overlap)));
}

async function create(app: INestApplicationContext, client: NewClient) {
  await refuseFaults(app, client);
  const store = app.get(ClientStore, { strict: false });
  const now = app.get(Clock, { strict: false }).now();
  if (!(await store.insert(client, now))) throw new Refusal('There is a client with this id already.');
  if (!hasSecret(client)) return record(describe(await find(app, client.id)));
  const secret = newSecret();
  await store.addSecret(client.id, sha256(secret), now, now);
  return record(describe(await find(app, client.id)), { secret });
}

async function update(app: INestApplicationContext, id: string, options: ClientOptions) {
  const client = applyOptions(await find(app, id), options);
  await refuseFaults(app, client);
  await app.get(ClientStore, { strict: false }).update(client, app.get(Clock, { strict: false }).now());
  return record(describe(await find(app, id)));
}

async function setEnabled(app: INestApplicationContext, id: string, enabled: boolean) {
  await find(app, id);
  const changed = await app.get(ClientStore, { strict: false }).setEnabled(id, enabled, app.get(Clock, { strict: false }).now());
  if (!changed) throw new Refusal(`The client is ${enabled ? 'enabled' : 'disabled'} already.`);
  return message(enabled ? 'Enabled.' : 'Disabled.', { id });
}

async function endTokens(app: INestApplicationContext, id: string) {
  const { disabledAt } = await find(app, id);
  if (disabledAt) throw new Refusal('The client is disabled: its tokens have ended.');
  const { grants } = await app.get(Endings, { strict: false }).endClient(id);
  return message('Ended.', { id, grants });
}

async function rotateSecret(app: INestApplicationContext, id: string, overlap: number) {
  const client = await find(app, id);
  if (client.type === 'public') throw new Refusal('A public client has no secret.');
  if (!hasSecret(client))
    throw new Refusal('The client has keys of its own and no secret: give it others with `client update --jwks` or `--jwks-uri`.');
  if (overlap > LONGEST_OVERLAP) throw new Refusal(`--overlap must be from 0 to ${LONGEST_OVERLAP} seconds.`);
  const now = app.get(Clock, { strict: false }).now();
  const secret = newSecret();
  const until = new Date(now.getTime() + overlap * 1000);
  const live = client.secrets.filter(({ expiresAt }) => !expiresAt || expiresAt > now);
  await app.get(ClientStore, { strict: false }).addSecret(id, sha256(secret), until, now);
  const before = overlap === 0 ? 'ended' : `works until ${until.toISOString()}`;
  // Two are live at most.
  return record({ id, before, ...(live.length > 1 && overlap > 0 && { earlier: 'ended' }) }, { secret });
}

async function find(app: INestApplicationContext, id: string): Promise<ClientRecord> {
  const client = await app.get(ClientStore, { strict: false }).find(id);
  if (!client) throw new Refusal('There is no such client.');
  return client;
}

async function refuseFaults(app: INestApplicationContext, client: NewClient): Promise<void> {
  const known = await app.get(ScopeStore, { strict: false }).list();
  const faults = clientFaults(client, {
    grantTypes: app.get(GrantTypes, { strict: false }).names,
    scopes: new Set([...STANDARD_SCOPES, ...app.get(ClientPolicy, { strict: false }).machineScopes, ...known.map(({ name }) => name)]),
    tokenStorage: app.get<ResolvedIssuanceOptions>(ISSUANCE_OPTIONS, { strict: false }).tokenStorage,
  });
  if (faults.length > 0) throw new Refusal(['The client does not fit:', ...faults.map((fault) => `- ${fault}`)].join('\n'));
}

const hasSecret = ({ authenticationMethod }: NewClient): boolean => authenticationMethod.startsWith('client_secret_');

function unsettable(value: string, before: readonly string[] | undefined): string[] {
  if (!UNSETTABLE.includes(value)) throw new InvalidArgumentError(`Choose from ${UNSETTABLE.join(', ')}.`);
  return collect(value, before);
}
