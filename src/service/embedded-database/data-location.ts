import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Account, mayRead } from './account.js';
import { firstOwnFolder } from './own-folder.js';
import { replaceFile } from './replace-file.js';

export interface DataLocation {
  /** The cluster's own folder, whether it is there already or not. */
  dataDirectory: string;
  /** Who the server runs as; undefined: as ourselves. */
  account: Account | undefined;
  /** Remembers in the chosen folder where the data went, once there are any. */
  remember(): Promise<void>;
}

const pointerFile = 'pgdata-location';

/**
 * Where the cluster of `directory` is or is to be: in it, unless root lends the server an account that cannot get
 * there (a checkout in root's home); then elsewhere, with a pointer in `directory`.
 */
export async function locateData(directory: string, account: Account | undefined): Promise<DataLocation> {
  if ((await mkdir(directory, { recursive: true, mode: 0o755 })) !== undefined) {
    // The account that root lends must pass through; nobody else has business here.
    await chmod(directory, account ? 0o711 : 0o700);
  }
  const inside = join(directory, 'pgdata');
  const here = { dataDirectory: inside, account, remember: () => Promise.resolve() };

  const existing = await stat(inside).catch(() => undefined);
  // Made by a user who now runs us as root: the server insists on running as the owner of its data.
  if (account && existing && existing.uid !== 0) return { ...here, account: { uid: existing.uid, gid: existing.gid } };

  const pointer = join(directory, pointerFile);
  const remembered = (await readFile(pointer, 'utf8').catch(() => '')).trim();
  if (remembered) {
    if (await stat(remembered).catch(() => undefined)) return { ...here, dataDirectory: remembered };
    // An empty database in its place would look like lost data, or hide that they are lost.
    throw new Error(
      `The database folder ${remembered}, named in ${pointer}, is gone. Restore it, or delete ${pointer} to begin with an empty database.`,
    );
  }
  if (await mayRead(account, directory)) return here;

  const hash = createHash('sha256')
    .update(await realpath(directory))
    .digest('hex')
    .slice(0, 16);
  // /var/lib first: the temporary folders are swept by age on many systems.
  const elsewhere = await firstOwnFolder(['/var/lib', '/var/tmp', tmpdir()], `countersign-${hash}`);
  const dataDirectory = join(elsewhere, 'pgdata');
  return { dataDirectory, account, remember: () => replaceFile(pointer, `${dataDirectory}\n`, 0o644) };
}
