import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/**
 * A text that no other process has had or will have, or undefined when no such process runs. A number alone is not
 * enough: it is given again, after a reboot often to the same kind of process.
 */
export async function processIdentity(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return startTimeFromPs(pid);
  const [stat, boot] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
  ]);
  // The second field is the program's name in brackets and may hold blanks: count from behind it.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields?.[0];
  const startTime = fields?.[19];
  // A zombie has ended; nobody collected it yet (process 1 of a container seldom does).
  return startTime === undefined || state === 'Z' || state === 'X' ? undefined : `${startTime} ${boot.trim()}`;
}

function startTimeFromPs(pid: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile('/bin/ps', ['-o', 'lstart=', '-p', String(pid)], (error, stdout) => {
      resolve(error ? undefined : stdout.trim() || undefined);
    });
  });
}
