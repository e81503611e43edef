import type { INestApplicationContext } from '@nestjs/common';
import type { Result, Terminal } from './terminal.js';

/** What a command is made with. */
export interface CommandHost {
  readonly terminal: Terminal;
  /** Runs the work on the application and prints what it answers. */
  run(work: (app: INestApplicationContext) => Promise<Result>): Promise<void>;
  print(result: Result): void;
}

/** For options that may be given several times. */
export const collect = (value: string, before: readonly string[] | undefined): string[] => [...(before ?? []), value];
