import { cp, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** What `nest build` takes along beside what it compiles, into a build that was made without it. */
export async function copyBuildAssets(dist: string): Promise<void> {
  const { compilerOptions } = JSON.parse(await readFile(join(repository, 'nest-cli.json'), 'utf8')) as {
    compilerOptions: { assets: readonly { include: string }[] };
  };
  for (const { include } of compilerOptions.assets) {
    const folder = join('src', dirname(include));
    await cp(join(repository, folder), join(dist, folder), { recursive: true });
  }
}
