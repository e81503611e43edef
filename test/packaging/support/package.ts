import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { copyBuildAssets } from '../../support/build-assets.js';

const run = promisify(execFile);
const repository = fileURLToPath(new URL('../../..', import.meta.url));
const recorder = join(repository, 'test/packaging/support/record-modules.mjs');

export interface Manifest {
  readonly exports: Readonly<Record<string, string>>;
  readonly typesVersions: { readonly '*': Readonly<Record<string, readonly string[]>> };
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** The package as `npm pack` makes it, installed into applications outside of the repository. */
export class PackedPackage {
  private constructor(
    private readonly folder: string,
    private readonly tarball: string,
    readonly manifest: Manifest,
    /** Paths in the tarball. */
    readonly files: readonly string[],
  ) {}

  static async build(): Promise<PackedPackage> {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-packaging-'));
    const source = join(folder, 'source');
    await mkdir(source);
    await cp(join(repository, 'package.json'), join(source, 'package.json'));
    // Compiled into a folder of its own: `dist` of the repository may belong to a service that runs.
    await runLoudly(join(repository, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.json', '--outDir', join(source, 'dist')], repository);
    await copyBuildAssets(join(source, 'dist'));
    const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: source });
    const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
    const manifest = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as Manifest;
    return new PackedPackage(
      folder,
      join(folder, packed.filename),
      manifest,
      packed.files.map(({ path }) => path),
    );
  }

  /**
   * An application that has the package with what it requires, and the optional peers only if wanted. What is not the package's own comes by links
   * from the repository, so that no network is needed.
   */
  async install(name: string, options: { readonly optionalPeers: boolean }): Promise<Application> {
    const application = join(this.folder, name);
    const own = join(application, 'node_modules/countersign');
    await mkdir(own, { recursive: true });
    await run('tar', ['-xzf', this.tarball, '-C', own, '--strip-components=1']);
    const { dependencies, peerDependencies, peerDependenciesMeta } = this.manifest;
    const peers = Object.keys(peerDependencies).filter((peer) => options.optionalPeers || !peerDependenciesMeta[peer]?.optional);
    for (const dependency of [...Object.keys(dependencies), ...peers, '@types/node']) await link(application, dependency);
    await writeFile(join(application, 'package.json'), JSON.stringify({ name, private: true, type: 'module' }));
    return new Application(application);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

export class Application {
  constructor(readonly folder: string) {}

  /** Runs an ES module in a process of its own; returns what it printed and the paths of all modules it loaded. */
  async run(code: string): Promise<{ readonly output: string; readonly modules: readonly string[] }> {
    const script = join(this.folder, 'main.mjs');
    const record = join(this.folder, 'modules.txt');
    await writeFile(script, code);
    await rm(record, { force: true });
    // Without the options of this test run, which are not the application's.
    const env = { PATH: process.env['PATH'], RECORD_MODULES: record };
    const { stdout } = await run(process.execPath, ['--import', recorder, script], { cwd: this.folder, env });
    return { output: stdout, modules: [...new Set((await readFile(record, 'utf8')).trim().split('\n'))] };
  }

  /** Type-checks a source text. @throws Error with what the compiler says */
  async typeCheck(code: string, compilerOptions: object): Promise<void> {
    const common = { target: 'ES2023', lib: ['ES2023'], types: ['node'], strict: true, noEmit: true, skipLibCheck: true };
    const decorators = { experimentalDecorators: true, emitDecoratorMetadata: true };
    await writeFile(join(this.folder, 'main.ts'), code);
    const configuration = { compilerOptions: { ...common, ...decorators, ...compilerOptions }, files: ['main.ts'] };
    await writeFile(join(this.folder, 'tsconfig.json'), JSON.stringify(configuration));
    await runLoudly(join(repository, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.json'], this.folder);
  }

  /** Names in the package's folder. */
  list(path: string): Promise<string[]> {
    return readdir(join(this.folder, 'node_modules/countersign', path));
  }
}

async function link(application: string, dependency: string): Promise<void> {
  const path = join(application, 'node_modules', dependency);
  await mkdir(dirname(path), { recursive: true });
  await symlink(join(repository, 'node_modules', dependency), path);
}

/** The compiler reports on standard output. */
async function runLoudly(command: string, args: readonly string[], cwd: string): Promise<void> {
  await run(command, args, { cwd }).catch((error: { stdout?: string; message: string }) => {
    throw new Error(error.stdout ?? error.message);
  });
}
