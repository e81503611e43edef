import { randomBytes } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import type { Command } from 'commander';
import type { Account } from '../../../identity/accounts/accounts.js';
import { UserError } from '../../../identity/user-error.js';
import { Users } from '../../../identity/users.js';
import { Endings } from '../../../issuance/tokens/endings.js';
import { isScopeToken } from '../../../protocol/scope.js';
import { claimFaults } from '../claim-rules.js';
import { collect, type CommandHost } from '../command-host.js';
import { findPerson } from '../find-person.js';
import { jsonFile } from '../json-file.js';
import { shown } from '../rules.js';
import { message, Misuse, record, Refusal, table, type Terminal } from '../terminal.js';

interface CreateOptions {
  readonly email: string;
  readonly name?: string;
  readonly role?: string[];
  readonly verified?: true;
  readonly claims?: object;
}

interface PasswordOptions {
  readonly passwordStdin?: true;
  readonly prompt?: true;
}

/** Bytes. */
const LARGEST_CLAIMS = 16_384;

export function userCommands(program: Command, { run, terminal }: CommandHost): void {
  const user = program.command('user').description('the people who can sign in');
  user
    .command('create')
    .description('make an account; without a password option one is generated and shown once')
    .requiredOption('--email <address>', 'e-mail')
    .option('--name <name>', 'display name')
    .option('--role <role>', 'role (several: repeat)', collect)
    .option('--verified', 'the e-mail is known to be theirs')
    .option('--claims <file>', 'JSON file with further claims: given_name, address, … (OpenID Connect Core §5.1)', jsonFile(LARGEST_CLAIMS))
    .option('--password-stdin', 'read the password from standard input')
    .option('--prompt', 'ask for the password')
    .action(async (options: CreateOptions & PasswordOptions) => {
      refuseFaults([...roleFaults(options.role ?? []), ...claimFaults(options.claims ?? {})]);
      const { password, generated } = await chosenPassword(options, terminal);
      await run(async (app) => {
        const account = await app
          .get(Users, { strict: false })
          .create({
            email: options.email,
            password,
            roles: options.role ?? [],
            emailVerified: options.verified ?? false,
            ...(options.name !== undefined && { displayName: options.name }),
            ...(options.claims && { claims: { ...options.claims } }),
          })
          .catch(refuse);
        return record(describe(account), generated ? { password } : {});
      });
    });
  user
    .command('set-password <user>')
    .description(
      'replace the password of a person, by e-mail or id, and end sessions as ON_PASSWORD_CHANGE says; without an option one is generated',
    )
    .option('--password-stdin', 'read the password from standard input')
    .option('--prompt', 'ask for the password')
    .action(async (who: string, options: PasswordOptions) => {
      const { password, generated } = await chosenPassword(options, terminal);
      await run(async (app) => {
        const { id, email } = await setPassword(app, who, password);
        return record({ id, email, password: 'changed' }, generated ? { password } : {});
      });
    });
  user
    .command('list')
    .description('list the accounts')
    .action(() =>
      run(async (app) =>
        table((await app.get(Users, { strict: false }).list()).map(describe), ['id', 'email', 'status', 'roles', 'name', 'created']),
      ),
    );
  user
    .command('end <user>')
    .description('end all sessions and tokens of a person, by e-mail or id; they may sign in again at once')
    .action((who: string) =>
      run(async (app) => {
        const { id } = await findPerson(app, who);
        return message('Ended.', { id, ...(await app.get(Endings, { strict: false }).endUser(id)) });
      }),
    );
  user
    .command('disable <user>')
    .description('end all sessions and tokens of a person, by e-mail or id, and let nobody sign in')
    .action((who: string) =>
      run(async (app) => {
        const person = await findPerson(app, who);
        if (!(await app.get(Users, { strict: false }).disable(person.id))) throw new Refusal('The user is disabled already.');
        return message('Disabled.', { id: person.id });
      }),
    );
  user
    .command('enable <user>')
    .description('let a disabled person sign in again; what was ended stays ended')
    .action((who: string) =>
      run(async (app) => {
        const person = await findPerson(app, who);
        if (!(await app.get(Users, { strict: false }).enable(person.id))) throw new Refusal('The user is enabled already.');
        return message('Enabled.', { id: person.id });
      }),
    );
}

async function setPassword(app: INestApplicationContext, who: string, password: string): Promise<Account> {
  const person = await findPerson(app, who);
  if (person.disabledAt) throw new Refusal('The user is disabled: enable them first.');
  if (await app.get(Users, { strict: false }).setPassword(person, password).catch(refuse)) return person;
  throw new Refusal('The account was changed by somebody else meanwhile. Try again.');
}

function refuseFaults(faults: readonly string[]): void {
  if (faults.length > 0) throw new Refusal(['The user does not fit:', ...faults.map((fault) => `- ${fault}`)].join('\n'));
}

/** Roles are listed with blanks between: a role of two words would read as two roles. */
const roleFaults = (roles: readonly string[]): string[] =>
  roles
    .filter((role) => !isScopeToken(role))
    .map(
      (role) => `--role ${shown(role)} must be printable ASCII characters without blanks, quotation marks and backslashes, at least one.`,
    );

/** Never from an argument: those are in the shell's history and in the list of processes. */
async function chosenPassword(
  options: PasswordOptions,
  terminal: Terminal,
): Promise<{ readonly password: string; readonly generated: boolean }> {
  if (options.passwordStdin && options.prompt) throw new Misuse('Choose one of --password-stdin and --prompt.');
  if (options.passwordStdin) return { password: (await terminal.read()).replace(/\r?\n$/, ''), generated: false };
  if (!options.prompt) return { password: randomBytes(15).toString('base64url'), generated: true };
  const password = await terminal.ask('Password: ');
  if (password !== (await terminal.ask('Again: '))) throw new Refusal('The two passwords differ.');
  return { password, generated: false };
}

const describe = (account: Account): Record<string, unknown> => ({
  id: account.id,
  email: account.email,
  status: account.disabledAt ? 'disabled' : 'enabled',
  emailVerified: account.emailVerified,
  roles: account.roles,
  name: account.displayName,
  claims: account.claims && Object.keys(account.claims),
  created: account.createdAt,
});

const REFUSED = {
  'too-short': 'is too short',
  'too-long': 'is too long',
  common: 'is among those that attackers try first',
  'is-email': 'is the e-mail address',
} as const;

function refuse(error: unknown): never {
  if (!(error instanceof UserError)) throw error;
  if (error.code === 'email-taken') throw new Refusal('There is an account with this e-mail already.');
  if (error.code === 'email-invalid') throw new Refusal('This is not an e-mail address.');
  if (error.code === 'name-invalid') throw new Refusal('The name is too long, or holds characters that are not allowed.');
  throw new Refusal(`The password ${error.refusal ? REFUSED[error.refusal] : 'cannot be used'}.`);
}
