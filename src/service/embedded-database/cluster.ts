import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Account, type RunResult, runAs } from './account.js';
import type { PostgresBinaries } from './binaries.js';

/** The superuser and the one database of every cluster made here. */
export const databaseName = 'countersign';

/**
 * Makes a cluster in `dataDirectory`, which must not exist yet and appears only when complete: what a killed first
 * start leaves behind is never taken for a cluster.
 */
export async function createCluster(options: {
  binaries: PostgresBinaries;
  account: Account | undefined;
  dataDirectory: string;
  password: string;
  /** False skips waiting for the disk: only where losing the cluster costs nothing. */
  durable: boolean;
}): Promise<void> {
  const { binaries, account, dataDirectory } = options;
  const unfinished = `${dataDirectory}.unfinished-`;
  await removeUnfinished(unfinished);
  const fresh = `${unfinished}${randomBytes(6).toString('hex')}`;
  const passwordFile = `${fresh}.password`;
  try {
    await mkdir(fresh, { mode: 0o700 });
    if (account) await chown(fresh, account.uid, account.gid);
    await writeFor(account, passwordFile, options.password);
    // Byte order and no locale: the same sorting and messages whatever system the data move to.
    const layout = ['--encoding=UTF8', '--locale=C', `--username=${databaseName}`];
    const access = ['--auth=scram-sha-256', `--pwfile=${passwordFile}`];
    const disk = options.durable ? [] : ['--no-sync'];
    succeeded('initdb', await runAs(account, binaries.initdb, ['-D', fresh, ...layout, ...access, ...disk]));
    // Single-user mode: the database is there before anything listens, and needs no client library here.
    const single = ['--single', '-D', fresh, '-c', 'exit_on_error=on', 'postgres'];
    succeeded('postgres', await runAs(account, binaries.postgres, single, `create database ${databaseName}\n`));
    await rename(fresh, dataDirectory);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(fresh, { recursive: true, force: true });
  }
}

/** initdb reads the password as the lent account, so that account must own the file while it is there. */
async function writeFor(account: Account | undefined, path: string, contents: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(contents);
    if (account) await file.chown(account.uid, account.gid);
  } finally {
    await file.close();
  }
}

async function removeUnfinished(prefix: string): Promise<void> {
  const folder = dirname(prefix);
  const left = (await readdir(folder)).filter((name) => name.startsWith(basename(prefix)));
  await Promise.all(left.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

function succeeded(program: string, { ok, output }: RunResult): void {
  if (!ok) throw new Error(`${program} could not make the database:\n${output.trim()}`);
}
