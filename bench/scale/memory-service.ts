import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { unusedPort } from '../../test/support/unused-port.js';

/** The service as it is shipped, built, in a process of its own that can be asked for its memory. */
export class MemoryService {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static async start(databaseUrl: string): Promise<MemoryService> {
    const port = await unusedPort();
    const url = `http://127.0.0.1:${port}`;
    const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
    const child = spawn(process.execPath, ['--expose-gc', '--import', path('./memory-probe.mjs'), path('../../dist/src/main.js')], {
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'production',
        DATABASE_URL: databaseUrl,
        MASTER_KEY: randomBytes(32).toString('base64'),
        PORT: String(port),
        TOKEN_REQUESTS_PER_MINUTE: '0',
      },
      // What it logs is written and thrown away.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const service = new MemoryService(child, url);
    await service.ready();
    return service;
  }

  /** After a forced collection. Bytes. */
  async memory(): Promise<NodeJS.MemoryUsage> {
    this.child.send('memory');
    const [usage] = (await once(this.child, 'message')) as [NodeJS.MemoryUsage];
    return usage;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exit;
  }

  private async ready(): Promise<void> {
    for (let attempt = 0; attempt < 600; attempt++) {
      if (this.child.exitCode !== null) throw new Error('The service ended before it listened.');
      const answer = await fetch(`${this.url}/connect/jwks`).catch(() => undefined);
      if (answer) return;
      await sleep(100);
    }
    throw new Error('The service did not listen within a minute.');
  }
}
