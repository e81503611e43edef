import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { databaseEnvironment, runAs, unprivilegedAccount } from '../../../../src/service/embedded-database/account.js';
import { endProcess } from '../../../../src/service/embedded-database/end-process.js';
import { lockFolder } from '../../../../src/service/embedded-database/folder-lock.js';
import { chosenBinaries, clusterFolder } from '../../../support/cluster-folder.js';
import { onServer } from '../../../support/on-server.js';
import type { TestCluster } from '../../../support/postgres.js';
import { unusedPort } from '../../../support/unused-port.js';

export interface Standby {
  readonly url: string;
  /** From now on it lags. */
  disconnect(): Promise<void>;
  promote(): Promise<void>;
  remove(): Promise<void>;
}

/** A hot standby that streams from the primary: started from a copy of its files, for which the primary is stopped and started. */
export async function startStandby(primary: TestCluster): Promise<Standby> {
  const account = await unprivilegedAccount();
  const { postgres } = await chosenBinaries();
  const directory = await clusterFolder('standby');
  const lock = await lockFolder(directory);
  const data = join(directory, 'pgdata');
  await mkdir(data, { mode: 0o700 });
  if (account) await chown(data, account.uid, account.gid);
  await primary.stop('fast');
  const copied = await runAs(account, 'cp', ['-a', `${primary.dataDirectory}/.`, data]);
  if (!copied.ok) throw new Error(copied.output);
  await primary.start();
  await writeFile(join(data, 'standby.signal'), '');
  const { hostname, port: primaryPort, username, password } = new URL(primary.url);
  const source = `host=${hostname} port=${primaryPort} user=${username} password=${password}`;
  await appendFile(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`);

  const port = await unusedPort();
  const settings = ['listen_addresses=127.0.0.1', `port=${port}`, 'unix_socket_directories=', 'fsync=off', 'hot_standby=on'];
  const child = spawn(postgres, ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], {
    ...account,
    cwd: '/',
    env: databaseEnvironment,
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  const url = new URL(primary.url);
  url.port = String(port);
  await answered(url.href);
  return {
    url: url.href,
    disconnect: () =>
      onServer(url.href, async (client) => {
        await client.query(`alter system set primary_conninfo = ''`);
        await client.query('select pg_reload_conf()');
        while ((await client.query('select from pg_stat_wal_receiver')).rowCount !== 0) await sleep(10);
      }),
    promote: () => onServer(url.href, async (client) => void (await client.query('select pg_promote()'))),
    remove: async () => {
      await endProcess(Number(child.pid), 'immediate', () => Promise.resolve(child.exitCode === null && child.signalCode === null));
      await ended;
      await lock.release();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Waits until the server lets somebody in. */
export async function answered(url: string): Promise<void> {
  for (const until = performance.now() + 30_000; ; await sleep(20)) {
    try {
      return await onServer(url, async (client) => void (await client.query('select')));
    } catch (error) {
      if (performance.now() > until) throw error;
    }
  }
}
