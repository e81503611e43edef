import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A server under measurement, in a process of its own. */
export class MeasuredProcess {
  private static readonly running = new Set<MeasuredProcess>();

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
    /** What the process said of itself when it was ready. */
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- shapes differ by process; the operations know theirs
    readonly facts: any,
  ) {}

  /** Starts a script of this folder, which sends `{ port, … }` when it listens. */
  static async start(script: string, environment: Record<string, string>): Promise<MeasuredProcess> {
    const loader = new URL('../test/support/typescript.mjs', import.meta.url).href;
    const child = spawn(process.execPath, ['--import', loader, fileURLToPath(new URL(script, import.meta.url))], {
      env: { ...process.env, NODE_ENV: 'production', ...environment },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const [facts] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [{ port: number }];
    if (typeof facts !== 'object' || facts === null) throw new Error(`${script} ended before it listened`);
    const started = new MeasuredProcess(child, `http://127.0.0.1:${facts.port}`, facts);
    MeasuredProcess.running.add(started);
    return started;
  }

  static async stopAll(): Promise<void> {
    await Promise.all([...MeasuredProcess.running].map((each) => each.stop()));
  }

  /** CPU seconds (user and system) of the process so far, in microseconds. */
  async cpu(): Promise<number> {
    this.child.send('cpu');
    const [usage] = (await once(this.child, 'message')) as [NodeJS.CpuUsage];
    return usage.user + usage.system;
  }

  private async stop(): Promise<void> {
    MeasuredProcess.running.delete(this);
    this.child.kill('SIGTERM');
    await once(this.child, 'exit');
  }
}

/** In the measured process: says that it listens, and answers with its CPU time from then on. */
export function announce(facts: { port: number } & Record<string, unknown>): void {
  process.on('message', () => process.send?.(process.cpuUsage()));
  process.on('SIGTERM', () => process.exit(0));
  process.send?.(facts);
}
