import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { databaseName } from './cluster.js';
import { folderOwner } from './folder-lock.js';

/** The server of a service that runs. */
export interface AttachedDatabase {
  /** Connection string with the password: not for logs. */
  readonly url: string;
  /** Process id of the service. */
  readonly owner: number;
}

/**
 * The embedded database of `directory` while a service has it; undefined when none does. It goes when that service stops.
 * @throws Error when the folder cannot be read by this account
 */
export async function attachEmbeddedDatabase(directory: string): Promise<AttachedDatabase | undefined> {
  const pointed = (await textOf(join(directory, 'pgdata-location'))) ?? join(directory, 'pgdata');
  const owner = await folderOwner(dirname(pointed)).catch(() => undefined);
  if (owner === undefined || !(await stat(join(directory, 'database-password')).catch(() => undefined))) return undefined;
  const [password, port] = await Promise.all([textOf(join(directory, 'database-password')), textOf(join(directory, 'database-port'))]);
  if (password === undefined || !/^\d+$/.test(port ?? '')) return undefined;
  return { url: `postgres://${databaseName}:${password}@127.0.0.1:${port}/${databaseName}`, owner };
}

/** Undefined: no such file. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim() || undefined;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new Error(`${path} cannot be read (${code ?? 'unknown error'}): run this as the account that the service runs as.`, { cause });
  }
}
