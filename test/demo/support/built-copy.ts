import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { copyBuildAssets } from '../../support/build-assets.js';

const run = promisify(execFile);
const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** The repository built in a folder of its own: `dist` of this one may belong to a service that runs. */
export class BuiltCopy {
  private constructor(readonly folder: string) {}

  static async make(): Promise<BuiltCopy> {
    const copy = new BuiltCopy(await mkdtemp(join(tmpdir(), 'countersign-built-')));
    await copy.build().catch(async (error: unknown) => {
      await copy.remove();
      throw error;
    });
    return copy;
  }

  /** Runs a compiled script to its end, with temporary files inside the copy. `stopAt`: SIGTERM as soon as the output holds this text. */
  async script(
    path: string,
    stopAt?: string,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number | null; readonly output: string }> {
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], TMPDIR: this.folder, ...environment };
    return new Promise((resolve) => {
      const child = execFile(process.execPath, [join(this.folder, path)], { cwd: this.folder, env }, (_error, stdout, stderr) =>
        resolve({ status: child.exitCode, output: stdout + stderr }),
      );
      let seen = '';
      child.stdout?.on('data', (text: string) => {
        const before = seen;
        seen += text;
        if (stopAt !== undefined && seen.includes(stopAt) && !before.includes(stopAt)) child.kill('SIGTERM');
      });
    });
  }

  /** Starts a compiled script that goes on until it is stopped; waits until it says that it listens. */
  async serve(
    path: string,
    environment: Readonly<Record<string, string>>,
  ): Promise<{ readonly output: () => string; stop(): Promise<void> }> {
    const child = spawn(process.execPath, [join(this.folder, path)], {
      cwd: this.folder,
      env: { PATH: process.env['PATH'], ...environment },
    });
    let output = '';
    const ended = once(child, 'exit');
    const listening = new Promise<void>((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
          if (output.includes(' listens on ')) resolve();
        });
      }
    });
    await Promise.race([listening, ended.then(() => Promise.reject(new Error(`${path} ended at its start: ${output}`)))]);
    return {
      output: () => output,
      stop: async () => {
        child.kill('SIGTERM');
        await ended;
      },
    };
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  private async build(): Promise<void> {
    await chmod(this.folder, 0o711); // for PostgreSQL's own account, when root runs the tests
    for (const part of ['src', 'migrations', 'examples', 'ormconfig.ts', 'tsconfig.json', 'package.json']) {
      await cp(join(repository, part), join(this.folder, part), { recursive: true });
    }
    await symlink(join(repository, 'node_modules'), join(this.folder, 'node_modules'));
    // In the order of `npm run demo`: the examples are compiled against the package's declarations.
    for (const project of ['tsconfig.json', 'examples']) await this.compile(project);
    await copyBuildAssets(join(this.folder, 'dist'));
  }

  private async compile(project: string): Promise<void> {
    await run(join(repository, 'node_modules/.bin/tsc'), ['-p', project], { cwd: this.folder }).catch(
      (error: { stdout?: string; message: string }) => {
        throw new Error(error.stdout ?? error.message);
      },
    );
  }
}
