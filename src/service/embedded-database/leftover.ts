import { execFile } from 'node:child_process';
import { readFile, readlink, realpath, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { endProcess } from './end-process.js';
import { processIdentity } from './process-identity.js';

/**
 * Stops the server that outlived the service which started it, and returns its process id. The caller holds the
 * folder's lock, so nobody alive is using it. It is stopped rather than adopted: it may run with other settings, its
 * log goes nowhere, and a service that is not its parent is not told when it ends. Restarting takes a tenth of a second.
 */
export async function stopLeftover(dataDirectory: string): Promise<number | undefined> {
  const [line] = (await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const pid = Number(line);
  if (!pid) return undefined;
  if (!(await servesFolder(pid, dataDirectory))) {
    await removeStalePid(pid, join(dataDirectory, 'postmaster.pid'));
    return undefined;
  }
  await endProcess(pid, 'fast', () => servesFolder(pid, dataDirectory));
  return pid;
}

/**
 * A server refuses to start while the number in its pid file is that of any process of its account: another program
 * that was given the number, or the old server as a zombie, which a container may never collect. We know better where
 * the system shows what the process is; elsewhere the server's refusal stands.
 */
async function removeStalePid(pid: number, pidFile: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const program = await readlink(`/proc/${pid}/exe`).catch(() => undefined);
    if (program !== undefined || (await processIdentity(pid)) === undefined) return rm(pidFile, { force: true });
    await sleep(10); // no program, yet alive: it is just dying, or not ours to look at
  }
}

/** Whether that process is a PostgreSQL server of that cluster: after a crash its number may be anyone's. */
async function servesFolder(pid: number, dataDirectory: string): Promise<boolean> {
  try {
    const folder = await realpath(dataDirectory);
    if (process.platform !== 'linux') {
      const { stdout } = await promisify(execFile)('/bin/ps', ['-o', 'command=', '-p', String(pid)]);
      return stdout.includes('postgres') && [folder, dataDirectory].some((path) => stdout.includes(` -D ${path} `));
    }
    // A server works in its data folder. A zombie has neither link, and counts as gone.
    const program = basename(await readlink(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, '');
    return program === 'postgres' && (await readlink(`/proc/${pid}/cwd`)) === folder;
  } catch {
    return false;
  }
}
