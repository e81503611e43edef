import { readdir, readFile } from 'node:fs/promises';

/** CPU time of a server's processes so far, microseconds. */
export interface PostgresCpu {
  /** Of those that serve connections. */
  readonly sessions: number;
  /** Of the rest: checkpointer, writers, vacuum. */
  readonly background: number;
}

/** From the scheduler, which counts nanoseconds; what `ps` shows are hundredths of a second. Linux only. */
export async function postgresCpu(postmaster: number): Promise<PostgresCpu> {
  const cpu = { sessions: 0, background: 0 };
  for (const pid of await childrenOf(postmaster)) {
    const [title, schedule] = await Promise.all([text(`/proc/${pid}/cmdline`), text(`/proc/${pid}/schedstat`)]);
    // "postgres: user database address(port) idle"; the others have a name of one or two words.
    cpu[/\(\d+\)/.test(title) ? 'sessions' : 'background'] += Number(schedule.split(' ')[0] ?? 0) / 1000;
  }
  return cpu;
}

async function childrenOf(postmaster: number): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const parents = await Promise.all(pids.map(async (pid) => parentOf(await text(`/proc/${pid}/stat`))));
  return pids.filter((_, index) => parents[index] === postmaster);
}

/** The program's name, in brackets, may contain anything. */
const parentOf = (stat: string): number => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);

/** Empty when the process has gone meanwhile. */
const text = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
