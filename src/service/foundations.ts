import { resolve } from 'node:path';
import type { Foundations } from './app.module.js';
import { attachEmbeddedDatabase } from './embedded-database/attach.js';
import { startEmbeddedDatabase } from './embedded-database.js';
import { readMasterKeyFile } from './environment/master-key-text.js';
import type { Environment } from './environment/variables.js';
import { ownMasterKey } from './first-run/own-master-key.js';

/** The database and the master key, and how to let go of them. */
export interface LaidFoundations extends Foundations {
  /** The database came up with us, and goes with us. */
  readonly embedded: boolean;
  release(): Promise<void>;
}

export interface FoundationOptions {
  /** Use the database of a service that runs on the same folder, if one does. For commands. */
  readonly attach?: boolean;
  /** Gets the embedded server's log. */
  readonly log?: (line: string) => void;
}

/** @throws Error that says what to change */
export async function layFoundations(environment: Environment, { attach = false, log }: FoundationOptions = {}): Promise<LaidFoundations> {
  const given = environment.MASTER_KEY ?? fromFile(environment.MASTER_KEY_FILE);
  if (environment.DATABASE_URL !== undefined) {
    if (!given) throw new Error('MASTER_KEY is required because DATABASE_URL is set.'); // the environment's check has refused this already
    return { databaseUrl: environment.DATABASE_URL, masterKey: given, embedded: false, release: () => Promise.resolve() };
  }
  const directory = resolve(environment.DATA_DIRECTORY);
  const running = attach ? await attachEmbeddedDatabase(directory) : undefined;
  const database = running
    ? { url: running.url, stop: () => Promise.resolve() }
    : await startEmbeddedDatabase({ directory, ...(log && { log }) });
  try {
    const masterKey = given ?? (await ownMasterKey(directory));
    return { databaseUrl: database.url, masterKey, embedded: !running, release: () => database.stop() };
  } catch (error) {
    await database.stop();
    throw error;
  }
}

/** What the primary has laid, for a worker of its: it starts no database, and stops none. @throws Error when the primary is gone */
export async function sharedFoundations(environment: Environment): Promise<Foundations> {
  const masterKey = environment.MASTER_KEY ?? fromFile(environment.MASTER_KEY_FILE);
  if (environment.DATABASE_URL !== undefined && masterKey) return { databaseUrl: environment.DATABASE_URL, masterKey };
  const directory = resolve(environment.DATA_DIRECTORY);
  const running = await attachEmbeddedDatabase(directory);
  if (!running) throw new Error('The process that has the embedded database is gone.');
  return { databaseUrl: running.url, masterKey: masterKey ?? (await ownMasterKey(directory)) };
}

function fromFile(path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined;
  const read = readMasterKeyFile(path);
  if ('fault' in read) throw new Error(read.fault);
  return read.key;
}
