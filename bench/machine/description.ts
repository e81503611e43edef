import { cpus, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** GiB. */
  readonly memory: number;
  readonly node: string;
  readonly postgres: string;
  readonly system: string;
  readonly pinned: boolean;
}

export function describeMachine(postgres: string, pinned: boolean): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory: Math.round(totalmem() / 2 ** 30),
    node: process.version.slice(1),
    postgres,
    system: `${process.platform} ${process.arch}`,
    pinned,
  };
}
