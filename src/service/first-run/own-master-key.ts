import { randomBytes } from 'node:crypto';
import { link, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readMasterKeyFile } from '../environment/master-key-text.js';

/** The master key of the embedded database: made at the first start, readable by this account only, never replaced. */
export async function ownMasterKey(directory: string): Promise<Buffer> {
  const path = join(directory, 'master-key');
  const written = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    // Written aside and linked: it appears whole, and of two that make one at once only the first one's stays.
    await writeFile(written, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
    await link(written, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(written, { force: true });
  }
  const read = readMasterKeyFile(path);
  if ('fault' in read)
    throw new Error(`The master key in ${path} cannot be used. Restore it; or, to lose all keys and tokens, delete ${directory}.`);
  return read.key;
}
