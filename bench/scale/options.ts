/** What a run may be told, by the environment, as with `npm run bench`. */
export interface ScaleOptions {
  /** Token entries of each database to fill, ascending. */
  readonly sizes: readonly number[];
  /** Entries of the small database that runs beside each of them. */
  readonly small: number;
  readonly rounds: number;
  /** Calls of an operation in one window. */
  readonly operations: number;
  readonly callers: number;
  /** Partitions dropped while tokens are issued. */
  readonly drops: number;
  readonly entriesPerDrop: number;
  /** Seconds: with a drop at their beginning, and without. */
  readonly dropWindow: number;
  /** As postgresql.conf has it; `default` leaves Postgres its 128 MB. */
  readonly sharedBuffers: string;
  readonly only: readonly Part[];
}

export const PARTS = ['operations', 'prune', 'drop', 'bytes', 'partitions'] as const;
export type Part = (typeof PARTS)[number];

export const HELP = `npm run bench:scale – what tables of millions of token entries cost (docs/performance.md)

  SIZES=10000,1000000,10000000   entries of the databases that are filled and measured one after the other
  SMALL=10000                    entries of the small database that is measured in turn with each of them
  ROUNDS=7                       windows of each operation and side; what is reported is their median
  OPERATIONS=1500                calls in one window
  CALLERS=32                     calls at once
  DROPS=8                        partitions that are dropped while tokens are issued (largest size only)
  ENTRIES_PER_DROP=250000        entries in each of them
  DROP_WINDOW=2                  seconds of issuing with a drop at their beginning, against as many just before
  SHARED_BUFFERS=4GB             of both servers; \`default\` leaves Postgres its 128 MB
  ONLY=${PARTS.join(',')}
                                 parts to run

The databases are clusters of their own below TMPDIR, with default durability, and deleted at the end. The result is written to
bench/results/scale.json, too.
`;

/** @throws Error that names the variable */
export function readOptions(environment: Readonly<Record<string, string | undefined>>): ScaleOptions {
  const count = (name: string, otherwise: number, least = 1): number => toCount(name, environment[name] ?? String(otherwise), least);
  const sizes = (environment['SIZES'] ?? '10000,1000000,10000000').split(',').map((text) => toCount('SIZES', text, LEAST_ENTRIES));
  return {
    sizes: [...new Set(sizes)].sort((a, b) => a - b),
    small: count('SMALL', 10_000, LEAST_ENTRIES),
    rounds: count('ROUNDS', 7),
    operations: count('OPERATIONS', 1_500),
    callers: count('CALLERS', 32),
    drops: count('DROPS', 8),
    entriesPerDrop: count('ENTRIES_PER_DROP', 250_000),
    dropWindow: count('DROP_WINDOW', 2),
    sharedBuffers: environment['SHARED_BUFFERS'] ?? '4GB',
    only: (environment['ONLY'] ?? PARTS.join(',')).split(',').map(toPart),
  };
}

/** Fewer make no chain for each caller. */
const LEAST_ENTRIES = 10_000;

function toCount(name: string, text: string, least: number): number {
  const value = Number(text.replaceAll('_', ''));
  if (!Number.isSafeInteger(value) || value < least) throw new Error(`${name}: ${text} is no whole number of ${least} or more`);
  return value;
}

function toPart(text: string): Part {
  const part = PARTS.find((name) => name === text);
  if (!part) throw new Error(`ONLY: ${text} is none of ${PARTS.join(', ')}`);
  return part;
}
