import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { processIdentity } from './process-identity.js';

/** A folder that belongs to this process until released or until the process is gone. */
export interface FolderLock {
  release(): Promise<void>;
}

const lockFile = 'service.pid';

/** Refuses while another live process (or an earlier call of this one) holds the folder. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, lockFile);
  const mine = `${process.pid}\n${await processIdentity(process.pid)}\n`;
  const unique = () => `${path}.${process.pid}-${randomBytes(6).toString('hex')}`;

  // Written aside and linked: the name appears together with its contents, and only for one of two rivals.
  const written = unique();
  await writeFile(written, mine, { mode: 0o644, flag: 'wx' });
  try {
    while (!(await linked(written, path))) {
      const owner = await folderOwner(folder);
      if (owner !== undefined) {
        throw new Error(
          `The database in ${folder} is in use by the service with process id ${owner}. ` +
            'Stop that service first, or give this one a folder of its own.',
        );
      }
      // Stale. Moved, not deleted: a rival that judged it stale too may have put its own lock there meanwhile.
      const moved = unique();
      await rename(path, moved).catch(unlessGone);
      if ((await ownerIn(moved)) !== undefined) await linked(moved, path);
      await rm(moved, { force: true });
    }
  } finally {
    await rm(written, { force: true });
  }
  return {
    release: async () => {
      if ((await readFile(path, 'utf8').catch(() => '')) === mine) await rm(path, { force: true });
    },
  };
}

/** The process id of the live process that holds the folder. */
export function folderOwner(folder: string): Promise<number | undefined> {
  return ownerIn(join(folder, lockFile));
}

async function ownerIn(path: string): Promise<number | undefined> {
  const [pid, identity] = (await readFile(path, 'utf8').catch(() => '')).split('\n');
  const alive = pid && identity === (await processIdentity(Number(pid)));
  return alive ? Number(pid) : undefined;
}

function linked(from: string, to: string): Promise<boolean> {
  return link(from, to).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false;
      throw error;
    },
  );
}

function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
