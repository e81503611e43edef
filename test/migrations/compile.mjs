import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { transformFile } from '@swc/core';

// node compile.mjs ROOT TARGET PATH…: compiles TypeScript as it is, into the same tree under TARGET.
const [root, target, ...paths] = process.argv.slice(2);

for (const path of paths) {
  const full = join(root, path);
  const files = (await stat(full)).isDirectory() ? (await readdir(full, { recursive: true })).map((name) => join(full, name)) : [full];
  for (const file of files.filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))) {
    const output = join(target, relative(root, file).replace(/\.ts$/, '.js'));
    const { code } = await transformFile(file, { cwd: root, sourceMaps: false });
    await mkdir(dirname(output), { recursive: true });
    await writeFile(output, code);
  }
}
