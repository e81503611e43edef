import { setTimeout as sleep } from 'node:timers/promises';

/** `fast` ends sessions and writes everything down; `immediate` leaves recovery to the next start. */
export type StopMode = 'fast' | 'immediate';

/** Signals a PostgreSQL server understands, each with the patience it deserves before the next one. */
const steps: { signal: NodeJS.Signals; patienceMs: number }[] = [
  { signal: 'SIGINT', patienceMs: 60_000 }, // fast shutdown: a checkpoint on a slow disk takes a while
  { signal: 'SIGQUIT', patienceMs: 15_000 }, // immediate: it kills its own children after five seconds
  { signal: 'SIGKILL', patienceMs: 5_000 }, // the children notice by themselves
];

/** Ends a server and waits until it is gone. `isAlive` guards against signals to a process that got its number. */
export async function endProcess(pid: number, mode: StopMode, isAlive: () => Promise<boolean>): Promise<void> {
  for (const { signal, patienceMs } of mode === 'fast' ? steps : steps.slice(1)) {
    if (!(await isAlive())) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    const until = Date.now() + patienceMs;
    while (Date.now() < until) {
      if (!(await isAlive())) return;
      await sleep(10);
    }
  }
  throw new Error(`PostgreSQL (process id ${pid}) does not end`);
}
