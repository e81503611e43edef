import { randomBytes } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';

/** Writes the whole file or nothing, and over a file of another owner too when the folder is ours. */
export async function replaceFile(path: string, contents: string, mode: number): Promise<void> {
  const written = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(written, contents, { mode, flag: 'wx' });
  await rename(written, path);
}
