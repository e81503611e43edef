import { chmod, lstat, mkdir, mkdtemp, readdir, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unprivilegedAccount } from '../../src/service/embedded-database/account.js';
import { type PostgresBinaries, embeddedBinaries } from '../../src/service/embedded-database/binaries.js';
import { folderOwner } from '../../src/service/embedded-database/folder-lock.js';
import { stopLeftover } from '../../src/service/embedded-database/leftover.js';

const onDisk = tmpdir();
const inMemory = '/dev/shm';
const rootIn = (place: string) => join(place, `countersign-test-clusters-${process.getuid?.() ?? 0}`);

/**
 * A fresh folder for a cluster, in a place where the next run finds it should this one be killed. In memory where
 * there is plenty, unless it is to be on disk: a database is hundreds of small files, there made ten times as fast.
 */
export async function clusterFolder(name: string, place?: 'disk'): Promise<string> {
  const root = rootIn(place === 'disk' || !(await hasRoom(inMemory)) ? onDisk : inMemory);
  await mkdir(root, { recursive: true, mode: 0o755 });
  if ((await lstat(root)).uid !== process.getuid?.()) throw new Error(`${root} belongs to somebody else`);
  const folder = await mkdtemp(join(root, `${name}-`));
  // As root the server runs as another account, which must get through.
  await chmod(folder, 0o711);
  return folder;
}

/** The embedded programs, or those of an installed PostgreSQL: `version` for one test, the environment for all. */
export async function chosenBinaries(version?: '15'): Promise<PostgresBinaries> {
  const folder = process.env['COUNTERSIGN_TEST_PG_BIN'] ?? (version && `/usr/lib/postgresql/${version}/bin`);
  if (!folder) return embeddedBinaries(await unprivilegedAccount());
  return { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres') };
}

/** Stops and deletes the clusters of test runs that were killed; those of a run that is going on are left alone. */
export async function removeAbandonedClusters(): Promise<void> {
  for (const root of [rootIn(onDisk), rootIn(inMemory)]) {
    const folders = (await readdir(root).catch(() => [])).map((name) => join(root, name));
    await Promise.all(folders.map(removeIfAbandoned));
  }
}

/** A container often has 64 MB there; a run needs some hundreds, mostly write-ahead log. */
async function hasRoom(place: string): Promise<boolean> {
  const space = await statfs(place).catch(() => undefined);
  return space !== undefined && space.bavail * space.bsize > 4e9;
}

async function removeIfAbandoned(folder: string): Promise<void> {
  if ((await folderOwner(folder)) !== undefined) return;
  const locked = await stat(join(folder, 'service.pid')).catch(() => undefined);
  // Without a lock it is being made or deleted just now, unless it is old.
  const touched = (await stat(folder).catch(() => undefined))?.mtimeMs ?? Date.now();
  if (!locked && Date.now() - touched < 60_000) return;
  await stopLeftover(join(folder, 'pgdata'));
  await rm(folder, { recursive: true, force: true });
}
