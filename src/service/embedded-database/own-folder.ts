import { chmod, lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Makes `<parent>/<name>` in the first parent that allows it, open to be passed through by every account, or finds the
 * one made before. In a folder that anyone may write to, somebody may have planted that name: only a real folder that
 * is ours and that nobody else can write to is taken, else the next name or parent.
 */
export async function firstOwnFolder(parents: string[], name: string): Promise<string> {
  for (const parent of parents) {
    for (const candidate of [name, `${name}-1`, `${name}-2`]) {
      const path = join(parent, candidate);
      try {
        await mkdir(path, { mode: 0o755 });
        await chmod(path, 0o755); // whatever our umask took away
        return path;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') break;
        if (await isOurs(path)) return path;
      }
    }
  }
  throw new Error(`No folder for ${name} could be made in any of ${parents.join(', ')}`);
}

async function isOurs(path: string): Promise<boolean> {
  const found = await lstat(path);
  return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}
