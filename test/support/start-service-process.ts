import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { IdentityModuleOptions } from '../../src/identity/identity.options.js';
import type { IssuanceOptions } from '../../src/issuance/issuance.options.js';

/** Wherever they listen: instances behind one address. */
export const ISSUER = 'http://localhost:3000';

export interface ServiceProcessSettings {
  readonly databaseUrl: string;
  /** 32 bytes, hexadecimal. */
  readonly masterKey: string;
  /** 0: any. */
  readonly port: number;
  readonly poolSize: number;
  readonly issuance: Omit<IssuanceOptions, 'masterKey' | 'grants'>;
  readonly identity: IdentityModuleOptions;
}

export type ServiceProcessOptions = Pick<ServiceProcessSettings, 'databaseUrl' | 'masterKey'> &
  Partial<Omit<ServiceProcessSettings, 'issuance'>> & {
    readonly issuance?: Partial<ServiceProcessSettings['issuance']>;
    /** Modules loaded before the service, by their paths from this folder: they may shift its clock or break it. */
    readonly preload?: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
  };

/** One instance of the service, as a child process. */
export interface ServiceProcess {
  readonly url: string;
  readonly pid: number;
  /** Milliseconds by which its machine's clock is ahead of ours. */
  readonly ahead: number;
  /** What it wrote to stderr and, after the first line, to stdout. */
  readonly output: readonly string[];
  /** SIGKILL: no drain, no farewell. */
  kill(): Promise<void>;
}

export async function startServiceProcess(options: ServiceProcessOptions): Promise<ServiceProcess> {
  const { preload = [], environment, issuance, ...given } = options;
  const settings: ServiceProcessSettings = { port: 0, poolSize: 20, identity: {}, ...given, issuance: { issuer: ISSUER, ...issuance } };
  const imports = ['typescript.mjs', ...preload].flatMap((path) => ['--import', new URL(path, import.meta.url).href]);
  const child = spawn(process.execPath, [...imports, fileURLToPath(new URL('service-process.ts', import.meta.url))], {
    env: { ...process.env, NODE_OPTIONS: '', ...environment, SERVICE_PROCESS: JSON.stringify(settings) },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => output.push(line));
  const { port, date } = await readiness(child, output);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: Number(child.pid),
    ahead: date - Date.now(),
    output,
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'close');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** Rejects when the process ends without a word. */
function readiness(child: ChildProcess & { stdout: NodeJS.ReadableStream }, output: string[]): Promise<{ port: number; date: number }> {
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{"port":')) resolve(JSON.parse(line) as { port: number; date: number });
      else output.push(line);
    });
    child.on('error', reject);
    child.on('close', () => reject(new Error(`The service process ended:\n${output.join('\n')}`)));
  });
}
