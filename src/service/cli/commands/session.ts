import type { Command } from 'commander';
import { Endings } from '../../../issuance/tokens/endings.js';
import { Clock } from '../../../protocol/clock.js';
import { SessionStore } from '../../../storage/session.store.js';
import type { CommandHost } from '../command-host.js';
import { findPerson } from '../find-person.js';
import { message, Misuse, Refusal, table } from '../terminal.js';

export function sessionCommands(program: Command, { run }: CommandHost): void {
  const session = program.command('session').description("people's sign-in sessions");
  session
    .command('list <user>')
    .description('list the sessions of a person, by e-mail or id')
    .action((who: string) =>
      run(async (app) => {
        const person = await findPerson(app, who);
        const sessions = await app.get(SessionStore, { strict: false }).list(person.id, app.get(Clock, { strict: false }).now());
        return table(
          sessions.map((one) => ({ ...one })),
          ['sid', 'client', 'createdAt', 'lastSeenAt', 'expiresAt', 'address', 'userAgent'],
        );
      }),
    );
  session
    .command('end <user> [sid]')
    .description('end one session of a person with its tokens, or all of them; what apps may do without a session goes on: see `user end`')
    .option('--all', 'all sessions')
    .action((who: string, sid: string | undefined, options: { all?: true }) => {
      if ((sid === undefined) !== (options.all === true)) throw new Misuse('Name one session, or say --all.');
      return run(async (app) => {
        const person = await findPerson(app, who);
        if (sid === undefined) {
          const now = app.get(Clock, { strict: false }).now();
          return message('Ended.', { ended: await app.get(SessionStore, { strict: false }).endOthers(person.id, undefined, now) });
        }
        const { grants, browsers } = await app.get(Endings, { strict: false }).endSession(sid, person.id);
        if (grants === 0 && browsers === 0) throw new Refusal('The person has no such session.');
        return message('Ended.', { ended: 1, grants });
      });
    });
}
