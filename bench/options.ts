import { parseArgs } from 'node:util';

export interface BenchOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUp: number;
  readonly connections: number;
  /** What the names of the operations have in common. */
  readonly only: string;
  readonly servers: readonly ServerName[];
  readonly publish: boolean;
  /** Folder for a CPU profile of each server; it slows them. */
  readonly profiles?: string;
}

export const SERVER_NAMES = ['countersign', 'floor', 'oidc-provider', 'oauth2-server'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

export const HELP = `npm run bench -- [options]

CPU per request of Countersign beside the least work that would do (the floor) and beside its peers: on one Postgres with default
durability, interleaved round by round, every answer checked. Takes about a quarter of an hour and a quiet machine.

  --rounds N        ROUNDS       rounds that count, default 3
  --seconds N       SECONDS      length of a measurement, default 3
  --warm-up N       WARM_UP      seconds before the first round of an operation, default 4
  --connections N   CONNECTIONS  keep-alive connections, default 32
  --only TEXT       ONLY         operations whose name has this in it: issue, refresh, introspect, revoke, guard, session, …
  --servers LIST    SERVERS      of ${SERVER_NAMES.join(', ')}; default all
  --profiles FOLDER              writes a CPU profile of each server there (for Chromium's DevTools); the figures are then higher
  --publish                      writes docs/performance.svg and the last run into docs/performance.md
  --publish-last                 does that with what is in bench/results, and measures nothing
  --list                         names the operations
  --help                         says this

Results go to bench/results/last.json and last.svg.`;

export const NOT_OF_EVERYTHING = '--publish is for a run of everything, without --only, --servers and --profiles.';

export function isOfEverything({ only, servers, profiles }: BenchOptions): boolean {
  return only === '' && profiles === undefined && SERVER_NAMES.every((name) => servers.includes(name));
}

/** What to do: measure, or tell something. @throws Error when an option makes no sense */
export function readOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): BenchOptions | 'help' | 'list' | 'publish-last' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ rounds: { type: 'string' }, seconds: { type: 'string' }, 'warm-up': { type: 'string' }, connections: { type: 'string' } },
      ...{ only: { type: 'string' }, servers: { type: 'string' }, profiles: { type: 'string' } },
      ...{ publish: { type: 'boolean' }, 'publish-last': { type: 'boolean' }, list: { type: 'boolean' }, help: { type: 'boolean' } },
    },
  });
  if (values.help) return 'help';
  if (values.list) return 'list';
  if (values['publish-last']) return 'publish-last';
  const chosen = {
    rounds: positive('rounds', values.rounds ?? environment['ROUNDS'] ?? '3'),
    seconds: positive('seconds', values.seconds ?? environment['SECONDS'] ?? '3'),
    warmUp: positive('warm-up', values['warm-up'] ?? environment['WARM_UP'] ?? '4'),
    connections: positive('connections', values.connections ?? environment['CONNECTIONS'] ?? '32'),
    only: values.only ?? environment['ONLY'] ?? '',
    servers: serverNames(values.servers ?? environment['SERVERS'] ?? SERVER_NAMES.join(',')),
    publish: values.publish ?? false,
    ...(values.profiles !== undefined && { profiles: values.profiles }),
  };
  if (chosen.publish && !isOfEverything(chosen)) throw new Error(NOT_OF_EVERYTHING);
  return chosen;
}

function positive(name: string, value: string): number {
  const number = Number(value);
  if (!(number > 0)) throw new Error(`--${name} is a positive number, not ${value}.`);
  return number;
}

function serverNames(list: string): ServerName[] {
  const names = list.split(/[\s,]+/).filter((name) => name !== '');
  const unknown = names.find((name) => !(SERVER_NAMES as readonly string[]).includes(name));
  if (unknown !== undefined) throw new Error(`There is no server ${unknown}; there are ${SERVER_NAMES.join(', ')}.`);
  return SERVER_NAMES.filter((name) => names.includes(name));
}
