import { InvalidArgumentError, Option, type Command } from 'commander';
import { KeyRotation, secondsUntilKnown } from '../../../issuance/keys/key-rotation.js';
import { Clock } from '../../../protocol/clock.js';
import { KeyStore, type KeyPurpose, type KeyRecord } from '../../../storage/key.store.js';
import type { CommandHost } from '../command-host.js';
import { message, Refusal, table } from '../terminal.js';

const PURPOSES: readonly KeyPurpose[] = ['sign:ES256', 'sign:RS256', 'derive', 'seal:refresh'];

export function keyCommands(program: Command, { run }: CommandHost): void {
  const key = program.command('key').description('the keys that sign and seal');
  key
    .command('list')
    .description('list the keys, never their secret parts')
    .action(() =>
      run(async (app) => {
        const records = await app.get(KeyStore, { strict: false }).list();
        const now = app.get(Clock, { strict: false }).now();
        const rows = records.map((record) => ({
          purpose: record.purpose,
          kid: record.kid,
          state: stateOf(record, records, now),
          activates: record.activatesAt,
          created: record.createdAt,
        }));
        return table(rows, ['purpose', 'kid', 'state', 'activates', 'created']);
      }),
    );
  key
    .command('rotate')
    .description('make new keys: published at once, they take over once everyone knows them; tokens signed before stay valid')
    .addOption(
      new Option('--purpose <purpose>', 'only these keys: sign:ES256, sign:RS256, derive, seal:refresh (several: repeat)').argParser(
        purposes,
      ),
    )
    .option('--now', 'for emergencies: they take over at once, and good tokens are refused wherever a new key is not known yet')
    .action(({ purpose: chosen = PURPOSES, now }: { readonly purpose?: readonly KeyPurpose[]; readonly now?: true }) =>
      run(async (app) => {
        const rotation = app.get(KeyRotation, { strict: false });
        const made = await (now ? rotation.rotateNow(chosen) : rotation.rotate(chosen));
        const rotated = made.map(({ purpose, kid, activatesAt }) => ({ purpose, kid, activates: activatesAt }));
        const text = now
          ? costOf(chosen)
          : 'Published. Each key takes over at its time, when every instance and every copy of the key set has it.';
        return { data: { message: text, rotated }, human: `${text}\n${table(rotated, ['purpose', 'kid', 'activates']).human}` };
      }),
    );
  key
    .command('revoke <kid>')
    .description('end a signing key that has leaked: all that it signed is refused everywhere; one in use is replaced at once')
    .action((kid: string) =>
      run(async (app) => {
        const revoked = await app.get(KeyRotation, { strict: false }).revoke(kid);
        if (!revoked) throw new Refusal('There is no signing key of that name, or it was revoked before.');
        const { successor } = revoked;
        return message(successor ? `Revoked, and replaced. ${STILL}` : 'Revoked.', {
          revoked: kid,
          ...(successor && { successor: successor.kid }),
        });
      }),
    );
}

const STILL = 'For about a second other instances may sign with it: that is refused as well.';

const costOf = (chosen: readonly KeyPurpose[]): string =>
  `Active at once. For up to ${Math.max(...chosen.map(secondsUntilKnown))} seconds, wherever a new key is not known yet, good tokens may be refused.`;

function purposes(value: string, before: readonly KeyPurpose[] | undefined): KeyPurpose[] {
  const known = PURPOSES.find((purpose) => purpose === value);
  if (!known) throw new InvalidArgumentError(`Choose from ${PURPOSES.join(', ')}.`);
  return [...(before ?? []), known];
}

/** Derived from the dates, as the service does. */
function stateOf(key: KeyRecord, all: readonly KeyRecord[], now: Date): string {
  if (key.revokedAt) return 'revoked';
  if (key.activatesAt > now) return 'next';
  const active = all.findLast(({ purpose, activatesAt, revokedAt }) => purpose === key.purpose && !revokedAt && activatesAt <= now);
  return active?.id === key.id ? 'active' : 'retired';
}
