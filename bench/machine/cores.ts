import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';

/** The measured servers get the first core, the generator and Postgres the others; undefined where that cannot be. */
export interface Pinning {
  readonly servers: string;
  readonly others: string;
}

export function pinning(): Pinning | undefined {
  const cores = cpus().length;
  if (cores < 2 || spawnSync('taskset', ['--version']).status !== 0) return undefined;
  return { servers: '0', others: cores === 2 ? '1' : `1-${cores - 1}` };
}

/** This process, all of its threads, and whatever it starts from now on. */
export function pinThisProcess(cores: string): void {
  spawnSync('taskset', ['-a', '-p', '-c', cores, String(process.pid)]);
}
