import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child, type ChildOptions } from './child.js';

/** The processes of a demo, and a folder for their data: gone at its end, whatever brings that about. */
export class Processes {
  private readonly children: Child[] = [];
  private ended: Promise<void> | undefined;

  private constructor(readonly folder: string) {}

  static async begin(): Promise<Processes> {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-demo-'));
    // Run by root, PostgreSQL works under another account, which must get through to its data.
    await chmod(folder, 0o711);
    return new Processes(folder);
  }

  get ending(): boolean {
    return this.ended !== undefined;
  }

  /** Resolves once it can be used. @throws Error with what it said, when it cannot */
  async start(name: string, options: ChildOptions): Promise<Child> {
    if (this.ending) throw new Error('interrupted');
    const child = new Child(name, options);
    this.children.push(child);
    await child.ready();
    return child;
  }

  /** Whoever comes first says how it ended; everybody waits until all is gone. */
  async end(status: number): Promise<never> {
    this.ended ??= (async () => {
      process.exitCode = status;
      for (const child of this.children.reverse()) await child.stop();
      await rm(this.folder, { recursive: true, force: true });
    })();
    await this.ended;
    process.exit();
  }
}
