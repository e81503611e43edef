import { createHash } from 'node:crypto';
import { chmod, cp, lstat, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstOwnFolder } from './own-folder.js';

/**
 * Copies the folder of programs to where every account can read it, once per content, and returns the copy.
 * `finish` completes a fresh copy before anyone can see it.
 */
export async function copyTree(native: string, finish: (copy: string) => Promise<void>): Promise<string> {
  const contents = await listFiles(native);
  const name = `countersign-postgres-${createHash('sha256').update(contents).digest('hex').slice(0, 16)}`;
  // A home folder is closed to others, but a cache folder of the system and the temporary ones are not.
  const folder = await firstOwnFolder(['/var/cache', '/var/tmp', tmpdir()], name);
  const copy = join(folder, 'native');
  // Something may have swept old files out of a temporary folder: half a copy is worse than none.
  if ((await listFiles(copy)) === contents) return copy;

  const fresh = await mkdtemp(join(folder, 'copy-'));
  try {
    await cp(native, fresh, { recursive: true, verbatimSymlinks: true });
    await finish(fresh);
    await openToAll(fresh);
    await rm(copy, { recursive: true, force: true });
    // Another service that copied at the same time may have been first; its copy is as good.
    await rename(fresh, copy).catch(async (error) => {
      if ((await listFiles(copy)) !== contents) throw error;
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return copy;
}

async function listFiles(root: string): Promise<string> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const lines = files.map(async (file) => `${file.slice(root.length)} ${(await lstat(file)).size}`);
  return (await Promise.all(lines)).sort().join('\n');
}

/** Modes as an installation under a usual umask has them: ours may have been strict. */
async function openToAll(root: string): Promise<void> {
  await chmod(root, 0o755);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(path, 0o755);
    else if (entry.isFile()) await chmod(path, (await lstat(path)).mode & 0o100 ? 0o755 : 0o644);
  }
}
