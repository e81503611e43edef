import { createHash, randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processIdentity } from './process-identity.js';

/** A folder that belongs to this process until released or until the process is gone. */
export interface FolderLock {
  release(): Promise<void>;
}

const lockFile = 'service.pid';

/** Refuses while another live process (or an earlier call of this one) holds the folder. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, lockFile);
  const nonce = randomBytes(6).toString('hex');
  const mine = `${process.pid}\n${await processIdentity(process.pid)}\n${nonce}\n`;
  // Written aside and linked: the name appears together with its contents, and only for one of two rivals.
  const written = `${path}.${nonce}`;
  await writeFile(written, mine, { mode: 0o644, flag: 'wx' });
  try {
    const owner = await take(path, written);
    if (owner !== undefined) {
      throw new Error(
        `The database in ${folder} is in use by the service with process id ${owner}. ` +
          'Stop that service first, or give this one a folder of its own.',
      );
    }
  } finally {
    await rm(written, { force: true });
  }
  return {
    release: async () => {
      if ((await contents(path)) === mine) await rm(path, { force: true });
    },
  };
}

/** The process id of the live process that holds the folder. */
export async function folderOwner(folder: string): Promise<number | undefined> {
  return liveOwner((await contents(join(folder, lockFile))) ?? '');
}

/** Makes `path` a link to what was `written`, or returns the live process that was first. */
async function take(path: string, written: string): Promise<number | undefined> {
  while (!(await linked(written, path))) {
    const found = await contents(path);
    if (found === undefined) continue;
    const owner = await liveOwner(found);
    if (owner !== undefined) return owner;
    await removeStale(path, found, written);
  }
  return undefined;
}

/**
 * Removes a dead process's lock, but never the one that a rival put in its place since we looked: who removes a given
 * content must hold the lock named after that content. (That lock may be a dead process's, too; hence the recursion.)
 */
async function removeStale(path: string, found: string, written: string): Promise<void> {
  const guard = `${path}.${createHash('sha256').update(found).digest('hex').slice(0, 16)}`;
  if ((await take(guard, written)) !== undefined) return sleep(5);
  try {
    if ((await contents(path)) === found) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

async function liveOwner(lock: string): Promise<number | undefined> {
  const [pid, identity] = lock.split('\n');
  const actual = Number(pid) > 0 ? await processIdentity(Number(pid)) : undefined;
  return actual !== undefined && actual === identity ? Number(pid) : undefined;
}

function contents(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
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
