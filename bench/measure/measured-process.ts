import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import type { Answer, Offer, Question } from '../servers/announce.js';

type Asked = Question extends infer Each ? (Each extends Question ? Omit<Each, 'id'> : never) : never;

/** A server under measurement, in a process of its own. */
export class MeasuredProcess {
  private lastId = 0;
  private readonly waiting = new Map<number, (answer: Answer) => void>();

  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    readonly operations: readonly string[],
  ) {
    child.on('message', (answer: Answer) => this.waiting.get(answer.id)?.(answer));
    child.on('exit', () => {
      for (const [id, answered] of this.waiting) answered({ id, error: 'The server has ended.' });
    });
  }

  /** Starts compiled code, which announces itself. */
  static async start(file: string, environment: Record<string, string>, cores?: string, profiles?: string): Promise<MeasuredProcess> {
    const profiling =
      profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`, `--cpu-prof-name=${basename(file, '.js')}.cpuprofile`];
    const command = [process.execPath, ...profiling, file];
    const [program = '', ...rest] = cores === undefined ? command : ['taskset', '-c', cores, ...command];
    const child = spawn(program, rest, {
      env: { ...process.env, NODE_ENV: 'production', ...environment },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const [first] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [
      { port: number; operations: string[] } | number,
    ];
    if (typeof first !== 'object' || first === null) throw new Error(`${file} ended before it listened.`);
    return new MeasuredProcess(child, first.port, first.operations);
  }

  get pid(): number {
    return this.child.pid ?? NaN;
  }

  async offer(operation: string, connections: number): Promise<Offer> {
    return (await this.ask({ ask: 'offer', operation, connections })) as Offer;
  }

  async revocable(count: number): Promise<string[]> {
    return (await this.ask({ ask: 'revocable', count })) as string[];
  }

  /** Microseconds of the process itself, as it sees them. */
  async cpu(): Promise<number> {
    const { user, system } = (await this.ask({ ask: 'cpu' })) as NodeJS.CpuUsage;
    return user + system;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exited;
  }

  private ask(question: Asked): Promise<unknown> {
    if (!this.child.connected) return Promise.reject(new Error('The server has ended.'));
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, (answer) => {
        this.waiting.delete(id);
        if ('error' in answer) reject(new Error(answer.error));
        else resolve('value' in answer ? answer.value : undefined);
      });
      this.child.send({ ...question, id });
    });
  }
}
