import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { GuardSettings, GuardStatus } from './guard-process.js';

export interface GuardProcessOptions extends GuardSettings {
  /** Seconds by which its machine's clock is ahead. */
  readonly ahead?: number;
}

/** An API in a process of its own, whose guard asks the feed. */
export class GuardProcess {
  private readonly agent = new Agent({ keepAlive: true });

  private constructor(
    private readonly child: ChildProcess,
    private readonly port: number,
    /** How it follows. */
    readonly way: 'log' | 'http',
  ) {}

  /** It listens, and knows what was ended. */
  static async start({ ahead = 0, ...settings }: GuardProcessOptions): Promise<GuardProcess> {
    const imports = ['typescript.mjs', 'shifted-clock.mjs'].flatMap((name) => [
      '--import',
      new URL(`../../../support/${name}`, import.meta.url).href,
    ]);
    const child = spawn(process.execPath, [...imports, fileURLToPath(new URL('guard-process.ts', import.meta.url))], {
      env: { ...process.env, NODE_OPTIONS: '', GUARD: JSON.stringify(settings), CLOCK_SHIFT_MS: String(ahead * 1000) },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const [port] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown];
    if (typeof port !== 'number' || port < 1024) throw new Error('The guarded API ended before it listened.');
    return new GuardProcess(child, port, settings.databaseUrl === undefined ? 'http' : 'log');
  }

  /** The status of a request with the token. */
  async ask(token: string): Promise<number> {
    return (await this.get('/', { authorization: `Bearer ${token}` })).status;
  }

  async status(): Promise<GuardStatus> {
    return JSON.parse((await this.get('/feed')).body) as GuardStatus;
  }

  private get(path: string, headers = {}): Promise<{ readonly status: number; readonly body: string }> {
    return new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port: this.port, path, agent: this.agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: Number(response.statusCode), body: Buffer.concat(chunks).toString() }));
      }).on('error', reject);
    });
  }

  async stop(): Promise<void> {
    this.agent.destroy();
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}
