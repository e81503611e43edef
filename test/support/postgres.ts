import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unprivilegedAccount } from '../../src/service/embedded-database/account.js';
import { createCluster, databaseName } from '../../src/service/embedded-database/cluster.js';
import type { StopMode } from '../../src/service/embedded-database/end-process.js';
import { lockFolder } from '../../src/service/embedded-database/folder-lock.js';
import { startPostmaster } from '../../src/service/embedded-database/postmaster.js';
import { chosenBinaries, clusterFolder } from './cluster-folder.js';
import { databaseUrl, onServer } from './on-server.js';
import { EMPTY } from './template.js';
import { unusedPort } from './unused-port.js';

export interface TestDatabase {
  url: string;
  name: string;
  drop(): Promise<void>;
}

/**
 * A database for one test file (or one test), on the server that all of them share.
 * Copied file by file: without waiting for the disk that is faster than through the write-ahead log.
 * @param template STARTED: has keys, sealed by TEST_MASTER_KEY
 */
export async function createDatabase(template = EMPTY): Promise<TestDatabase> {
  const serverUrl = process.env['TEST_POSTGRES_URL'];
  if (!serverUrl) throw new Error('TEST_POSTGRES_URL is not set: the global set-up did not run');
  const name = `test_${process.pid}_${randomBytes(6).toString('hex')}`;
  await onServer(serverUrl, (client) => client.query(`create database ${name} template ${template} strategy file_copy`));
  return {
    url: databaseUrl(serverUrl, name),
    name,
    // With force: a test that failed may have left connections open, and that must not hide its failure.
    drop: async () => {
      await onServer(serverUrl, (client) => client.query(`drop database if exists ${name} with (force)`));
    },
  };
}

/** A server of its own, for tests that crash it. Not migrated: see `migrate`. */
export interface TestCluster {
  url: string;
  dataDirectory: string;
  /** Of the server that runs now, or ran last. */
  readonly pid: number;
  stop(mode: StopMode): Promise<void>;
  /** On the same port, so that pools may reconnect. */
  start(): Promise<void>;
  /** SIGKILL to the server's first process only; its sessions notice by themselves. */
  killPostmaster(): Promise<void>;
  /** Stops it and deletes the data. */
  remove(): Promise<void>;
}

export async function startCluster(options: { durable: boolean; binaries?: '15' }): Promise<TestCluster> {
  const account = await unprivilegedAccount();
  const binaries = await chosenBinaries(options.binaries);
  const directory = await clusterFolder('crash', options.durable ? 'disk' : undefined);
  const lock = await lockFolder(directory);
  const dataDirectory = join(directory, 'pgdata');
  const password = randomBytes(12).toString('hex');
  await createCluster({ binaries, account, dataDirectory, password, durable: options.durable });

  const port = await unusedPort();
  const onOrOff = options.durable ? 'on' : 'off';
  const settings = { fsync: onOrOff, full_page_writes: onOrOff };
  const begin = () => startPostmaster({ binaries, account, dataDirectory, port, settings });
  let server = await begin();
  return {
    url: `postgres://${databaseName}:${password}@127.0.0.1:${port}/${databaseName}`,
    dataDirectory,
    get pid() {
      return server.pid;
    },
    stop: (mode) => server.stop(mode),
    start: async () => {
      server = await begin();
    },
    killPostmaster: async () => {
      process.kill(server.pid, 'SIGKILL');
      await server.ended;
    },
    remove: async () => {
      await server.stop();
      await lock.release();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
