import { readdirSync, readFileSync } from 'node:fs';

/** Of Linux: microseconds in a tick of the times that the kernel tells (USER_HZ is 100 everywhere). */
const TICK = 10_000;

/** The CPU times of all processes at one moment, in microseconds; undefined where there is no /proc. */
export interface CpuTimes {
  /** Of a process and its descendants, those that have ended included. */
  ofTree(pid: number): number;
  /** Of everything on this machine. */
  readonly all: number;
}

interface ProcessTime {
  readonly parent: number;
  readonly ticks: number;
}

export function cpuTimes(): CpuTimes | undefined {
  const all = busyTicks();
  if (all === undefined) return undefined;
  const processes = new Map<number, ProcessTime>();
  for (const name of readdirSync('/proc')) {
    const time = /^\d+$/.test(name) ? processTime(Number(name)) : undefined;
    if (time) processes.set(Number(name), time);
  }
  return { all: all * TICK, ofTree: (pid) => ticksOfTree(processes, pid) * TICK };
}

function busyTicks(): number | undefined {
  const line = read('/proc/stat')?.split('\n', 1)[0];
  if (line === undefined) return undefined;
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(/ +/).map(Number);
  return user + nice + system + irq + softirq;
}

function processTime(pid: number): ProcessTime | undefined {
  // The name before it may hold anything, parentheses too (proc_pid_stat(5)).
  const fields = read(`/proc/${pid}/stat`)?.split(') ').pop()?.split(' ').map(Number);
  if (!fields) return undefined;
  const [, parent = 0] = fields;
  const [utime = 0, stime = 0, ofEndedUser = 0, ofEndedSystem = 0] = fields.slice(11, 15);
  return { parent, ticks: utime + stime + ofEndedUser + ofEndedSystem };
}

function ticksOfTree(processes: ReadonlyMap<number, ProcessTime>, root: number): number {
  let ticks = 0;
  for (const [pid, time] of processes) if (isWithin(processes, pid, root)) ticks += time.ticks;
  return ticks;
}

function isWithin(processes: ReadonlyMap<number, ProcessTime>, pid: number, root: number): boolean {
  for (let at = pid; at > 0; at = processes.get(at)?.parent ?? 0) if (at === root) return true;
  return false;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // ended meanwhile, or no Linux
  }
}
