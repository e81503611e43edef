import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { unusedPort } from '../../support/unused-port.js';
import { CompiledService } from './compiled-service.js';

let compiled: Promise<CompiledService> | undefined;

/** Of this test file; compiled by the first that asks. */
export const compiledService = (): Promise<CompiledService> => (compiled ??= CompiledService.build());

afterAll(async () => (await compiled)?.remove());

export type Variables = Readonly<Record<string, string>>;

/** The service as its users run it: a process of its own, told by its environment, heard by its output. */
export class ServiceProcess {
  stdout = '';
  stderr = '';

  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    readonly exited: Promise<number | string>,
  ) {}

  /** Neither ready nor alive yet. Nothing of our own environment but what finds programs. */
  static async spawn(variables: Variables = {}): Promise<ServiceProcess> {
    const port = Number(variables['PORT'] ?? (await unusedPort()));
    const child = spawn(process.execPath, [(await compiledService()).main], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], PORT: String(port), ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exited = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
    const service = new ServiceProcess(child, port, exited);
    child.stdout.on('data', (chunk: Buffer) => (service.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (service.stderr += chunk.toString()));
    return service;
  }

  static async start(variables: Variables = {}): Promise<ServiceProcess> {
    const service = await ServiceProcess.spawn(variables);
    await service.ready();
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The JSON lines so far, whole ones only. */
  get log(): Record<string, unknown>[] {
    return this.stdout
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async ready(milliseconds = 60_000): Promise<void> {
    const ended = this.exited.then((status) => Promise.reject(new Error(`exited with ${status}: ${this.stderr}${this.stdout}`)));
    await Promise.race([
      ended,
      this.until(async () => (await this.get('/health/ready').catch(() => undefined))?.status === 200, milliseconds),
    ]);
    ended.catch(() => undefined);
  }

  async until(holds: () => boolean | Promise<boolean>, milliseconds = 10_000): Promise<void> {
    const end = performance.now() + milliseconds;
    while (!(await holds())) {
      if (performance.now() > end) throw new Error(`not within ${milliseconds} ms:\n${this.stderr}${this.stdout}`);
      await sleep(20);
    }
  }

  get(path: string, headers: Variables = {}): Promise<Response> {
    return fetch(this.url + path, { headers: { connection: 'close', ...headers } });
  }

  get pid(): number {
    return Number(this.child.pid);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Returns the exit status. */
  async stop(): Promise<number | string> {
    this.signal('SIGTERM');
    return this.exited;
  }

  /** For the end of a test, whatever became of the process. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }
}

export const newMasterKey = (): string => randomBytes(32).toString('base64');
