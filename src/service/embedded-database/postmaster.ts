import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Account, databaseEnvironment } from './account.js';
import type { PostgresBinaries } from './binaries.js';
import { type StopMode, endProcess } from './end-process.js';

export interface PostmasterOptions {
  binaries: PostgresBinaries;
  account: Account | undefined;
  dataDirectory: string;
  port: number;
  /** Server settings, by their names in postgresql.conf. */
  settings?: Record<string, string>;
  /** Gets what the server writes to its log, line by line. */
  log?: (line: string) => void;
}

export interface Postmaster {
  pid: number;
  /** Resolves when the server has ended, for whatever reason. */
  ended: Promise<void>;
  /** Ends sessions and writes everything down, or (`immediate`) leaves as a crash would. */
  stop(mode?: StopMode): Promise<void>;
}

/** The port was taken by somebody else between the look and the start. */
export class PortTakenError extends Error {}

/** Starts the server of a cluster and waits until it accepts connections, however long it has to recover. */
export async function startPostmaster(options: PostmasterOptions): Promise<Postmaster> {
  const giveUp = Date.now() + 10_000;
  for (;;) {
    const outcome = await tryToStart(options);
    if (typeof outcome !== 'string') return outcome;
    // Sessions of a killed server notice within moments that they are orphans, and until then keep its memory.
    const orphans = outcome.includes('pre-existing shared memory block');
    if (!orphans || Date.now() > giveUp) throw startError(outcome, options.port);
    await sleep(100);
  }
}

async function tryToStart(options: PostmasterOptions): Promise<Postmaster | string> {
  const settings = {
    ...options.settings,
    // Last, so that nothing above can open the server to the network.
    listen_addresses: '127.0.0.1',
    port: String(options.port),
    unix_socket_directories: '',
  };
  const parameters = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(options.binaries.postgres, ['-D', options.dataDirectory, ...parameters], {
    ...options.account,
    cwd: '/',
    env: databaseEnvironment,
    stdio: ['ignore', 'ignore', 'pipe'],
    // A session of its own: Ctrl-C in a terminal goes to the service, which still needs the database to drain.
    detached: true,
  });
  const lastLines: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (lastLines.push(line) > 20) lastLines.shift();
    options.log?.(line);
  });
  let failure: Error | undefined;
  child.on('error', (error) => (failure = error));
  const ended = once(child, 'close').then(
    () => undefined,
    () => undefined, // could not be spawned
  );
  while (!hasEnded(child) && !failure) {
    if (await isReady(options.dataDirectory, child.pid)) return postmasterOf(child, ended);
    await sleep(10);
  }
  await ended;
  return [...(failure ? [failure.message] : []), ...lastLines].join('\n');
}

/** The server keeps its state in the eighth line of its pid file; asking by a connection would need the password. */
async function isReady(dataDirectory: string, pid: number | undefined): Promise<boolean> {
  const lines = (await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}

function postmasterOf(child: ChildProcess, ended: Promise<void>): Postmaster {
  const pid = Number(child.pid);
  return {
    pid,
    ended,
    stop: async (mode = 'fast') => {
      await endProcess(pid, mode, () => Promise.resolve(!hasEnded(child)));
      await ended;
    },
  };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function startError(output: string, port: number): Error {
  if (/could not bind IPv4 address .*: Address already in use/.test(output)) {
    return new PortTakenError(`Port ${port} on 127.0.0.1 is taken`);
  }
  return new Error(`PostgreSQL did not start:\n${output}`);
}
