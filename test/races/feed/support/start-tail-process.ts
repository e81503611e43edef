import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { TailReport } from './tail-process.js';

/** A process of its own that follows the revocation log, and what it was told. */
export class TailProcess {
  /** When each key came, hexadecimal; more than once would be a mistake. */
  readonly came = new Map<string, number[]>();
  /** How often all was read anew. */
  reloads = 0;
  private asOf = -Infinity;

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (report: TailReport) => this.note(report));
  }

  /** Its first reading is over. */
  static async start(databaseUrl: string): Promise<TailProcess> {
    const loader = new URL('../../../support/typescript.mjs', import.meta.url).href;
    const child = spawn(process.execPath, ['--import', loader, fileURLToPath(new URL('tail-process.ts', import.meta.url))], {
      env: { ...process.env, NODE_OPTIONS: '', TAIL_OF: databaseUrl },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const tail = new TailProcess(child);
    await tail.hasRead(0);
    return tail;
  }

  /** Waits for the end of a reading that began after this moment of the machine: what was committed until then has come, or was missed. */
  async hasRead(moment: number): Promise<void> {
    const gone = once(this.child, 'exit').then(() => Promise.reject(new Error('The process that follows the log has ended.')));
    gone.catch(() => undefined);
    while (this.asOf <= moment) await Promise.race([once(this.child, 'message'), gone]);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }

  private note({ whole, keys, asOf, at }: TailReport): void {
    if (whole) this.reloads++;
    for (const key of keys) this.came.set(key, [...(this.came.get(key) ?? []), at]);
    this.asOf = asOf;
  }
}
