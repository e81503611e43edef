import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Installs bench's own packages where they are missing or older than its lock file. */
export function installPackages(): void {
  if (modified('node_modules/.package-lock.json') >= modified('package-lock.json')) return;
  console.error('Installing the packages of bench/…');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: at(''), stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('npm ci failed in bench/.');
}

function modified(path: string): number {
  return statSync(at(path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
