import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { SessionOptions } from '../../../src/session/session.options.js';
import type { Host, Store } from './web-app.js';

export interface AppProcessSettings {
  readonly databaseUrl: string;
  /** Of each app. */
  readonly poolSize: number;
  /** Apps of the process: one for each. */
  readonly ways: readonly (readonly [Store, Host])[];
  readonly session: Omit<SessionOptions, 'keys' | 'store' | 'hooks'> & { readonly keys: readonly string[] };
}

export type ToApp = 'stop after refreshing' | 'prune';
export type FromApp = { readonly ports: readonly number[] } | { readonly refreshed: true } | { readonly pruned: number };

/** One process of an app, with the app in every way. */
export class AppProcess {
  private refreshed = 0;
  private readonly watchers = new Set<() => void>();

  private constructor(
    private readonly child: ChildProcess,
    private readonly ports: readonly number[],
  ) {
    child.on('message', (message: FromApp) => {
      if (!('refreshed' in message)) return;
      this.refreshed++;
      for (const watcher of this.watchers) watcher();
    });
  }

  static async start(settings: AppProcessSettings): Promise<AppProcess> {
    const loader = new URL('../../support/typescript.mjs', import.meta.url).href;
    const child = fork(fileURLToPath(new URL('app-process.ts', import.meta.url)), [], {
      execArgv: ['--import', loader],
      env: { ...process.env, NODE_OPTIONS: '', APP_PROCESS: JSON.stringify(settings) },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [FromApp | number | null];
    if (typeof message !== 'object' || !message || !('ports' in message)) throw new Error('The app’s process ended before it listened.');
    return new AppProcess(child, message.ports);
  }

  /** Where the app listens that runs in that way. */
  url(way: number): string {
    return `http://127.0.0.1:${this.ports[way]}`;
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** From now on, whoever has refreshed, and stored it, gets no further. */
  stopAfterRefreshing(): void {
    this.tell('stop after refreshing');
  }

  /** Settles once so many have come to that point. */
  async hasRefreshed(times: number): Promise<void> {
    while (this.refreshed < times) await new Promise<void>((resolve) => this.watchers.add(resolve));
  }

  /** How many rows of ended sessions it deleted. */
  async prune(): Promise<number> {
    this.tell('prune');
    const [message] = (await once(this.child, 'message')) as [{ pruned: number }];
    return message.pruned;
  }

  /** SIGSTOP: it stands still until `goOn()`. What its sockets receive waits there. */
  standStill(): void {
    this.child.kill('SIGSTOP');
  }

  goOn(): void {
    this.child.kill('SIGCONT');
  }

  /** SIGKILL: no drain, no farewell. */
  async kill(): Promise<void> {
    if (!this.isAlive) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }

  private tell(message: ToApp): void {
    this.child.send(message);
  }
}
