import { InvalidArgumentError, Option, type Command } from 'commander';
import { KeyRing } from '../../../issuance/keys/key-ring.js';
import { KeyRotation } from '../../../issuance/keys/key-rotation.js';
import { Clock } from '../../../protocol/clock.js';
import { KeyStore, type KeyPurpose, type KeyRecord } from '../../../storage/key.store.js';
import type { CommandHost } from '../command-host.js';
import { message, table } from '../terminal.js';

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
    .description('make new keys that take over at once; tokens signed before stay valid')
    .addOption(
      new Option('--purpose <purpose>', 'only these keys: sign:ES256, sign:RS256, derive, seal:refresh (several: repeat)').argParser(
        purposes,
      ),
    )
    .action((options: { purpose?: KeyPurpose[] }) =>
      run(async (app) => {
        const chosen = options.purpose ?? PURPOSES;
        await app.get(KeyRotation, { strict: false }).rotateNow(chosen);
        const ring = app.get(KeyRing, { strict: false });
        const rotated = chosen.map((purpose) => ({ purpose, kid: ring.of(purpose).at(-1)?.kid }));
        return message(`Rotated: ${chosen.join(', ')}. Every instance signs with the new keys within 30 seconds.`, { rotated });
      }),
    );
}

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
