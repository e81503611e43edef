import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface ChildOptions {
  readonly script: URL;
  /** All of its environment but where programs, temporary files and the account's folder are: a DATABASE_URL of yours must not get in. */
  readonly environment: Readonly<Record<string, string>>;
  /** Answers 200 once it can be used. */
  readonly health: string;
  /** Gets what it writes to standard output, line by line. Default: nobody, for the service prints demo credentials. */
  readonly output?: (line: string) => void;
}

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;

/** A Node process with an HTTP server. */
export class Child {
  private readonly process: ChildProcess;
  private errors = '';

  constructor(
    private readonly name: string,
    private readonly options: ChildOptions,
  ) {
    const { PATH, HOME, TMPDIR } = process.env;
    const env = { ...(PATH && { PATH }), ...(HOME && { HOME }), ...(TMPDIR && { TMPDIR }), ...options.environment };
    this.process = spawn(process.execPath, [fileURLToPath(options.script)], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    if (this.process.stdout) createInterface({ input: this.process.stdout }).on('line', options.output ?? (() => undefined));
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.errors = (this.errors + text).slice(-4000)));
  }

  /** @throws Error with what it said, when it ends or stays silent */
  async ready(): Promise<void> {
    for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline; await sleep(50)) {
      if (this.ended) throw new Error(`${this.name} ended at its start:\n${this.errors}`);
      const status = await fetch(this.options.health).then(
        (answer) => answer.status,
        () => undefined,
      );
      if (status === 200) return;
    }
    throw new Error(`${this.name} did not answer in time.\n${this.errors}`);
  }

  /** Resolves when it is gone, whoever ended it, to its last words. */
  gone(): Promise<string> {
    return this.ended ? Promise.resolve(this.errors) : new Promise((resolve) => this.process.once('exit', () => resolve(this.errors)));
  }

  /** Ends it, at last by force. */
  async stop(): Promise<void> {
    if (this.ended) return;
    const exited = this.gone();
    this.process.kill('SIGTERM');
    const force = setTimeout(() => this.process.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(force);
  }

  private get ended(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }
}

// Below what systems hand out by themselves (Linux from 32768, others from 49152): no outgoing connection takes one between the choice and the use.
const FIRST = 15_000;
const LAST = 32_000;

/** Ports on which nobody listens at the moment, all distinct. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let attempt = 0; ports.size < count && attempt < 100; attempt++) {
    const port = randomInt(FIRST, LAST);
    if (await isFree(port)) ports.add(port);
  }
  if (ports.size < count) throw new Error('There are not enough free ports.');
  return [...ports];
}

export const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
