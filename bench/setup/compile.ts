import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformFile } from '@swc/core';

const bench = fileURLToPath(new URL('../', import.meta.url));
const FOLDERS = ['servers', 'peers'];

/**
 * Compiles the measured processes, so that no loader runs in them: to bench/dist, whose files import the built product (`dist/src`) where the sources
 * import `src`, and find bench's own packages first.
 */
export async function compileServers(): Promise<void> {
  await rm(join(bench, 'dist'), { recursive: true, force: true });
  for (const folder of FOLDERS) {
    await mkdir(join(bench, 'dist', folder), { recursive: true });
    for (const name of await readdir(join(bench, folder))) {
      const { code } = await transformFile(join(bench, folder, name), { configFile: join(bench, '../.swcrc'), sourceMaps: false });
      await writeFile(
        join(bench, 'dist', folder, name.replace(/ts$/, 'js')),
        code.replace(/(["'])((?:\.\.\/)+)src\//g, '$1$2../dist/src/'),
      );
    }
  }
}

export const compiledFile = (name: string): string => join(bench, 'dist', `${name}.js`);
