import { migrate } from '../../test/support/migrate.js';
import { unusedPort } from '../../test/support/unused-port.js';
import type { BenchCluster } from '../database/bench-cluster.js';
import type { ServerName } from '../options.js';
import { compiledFile } from '../setup/compile.js';
import { MeasuredProcess } from './measured-process.js';
import type { Server } from './server.js';
import type { Bench } from './side.js';

/** Where each is, below bench/. */
const FILES: Record<ServerName, string> = {
  countersign: 'servers/countersign',
  floor: 'servers/floor',
  'oidc-provider': 'peers/oidc-provider',
  'oauth2-server': 'peers/oauth2-server',
};

/** The servers of a run, each started when it is first needed, on a database of its own. */
export class RunningServers implements Bench {
  private readonly started = new Map<string, Promise<Server>>();

  constructor(
    private readonly cluster: BenchCluster,
    private readonly names: readonly ServerName[],
    readonly connections: number,
    private readonly cores: string | undefined,
    private readonly profiles: string | undefined,
  ) {}

  async offering(operation: string): Promise<{ name: string; server: Server }[]> {
    const all = [];
    for (const name of this.names) all.push({ name, server: await this.named(name) });
    return all.filter(({ server }) => server.process.operations.includes(operation));
  }

  service(): Promise<Server> {
    return this.named('countersign');
  }

  application(file: string, environment: Record<string, string>): Promise<Server> {
    return this.once([file, ...Object.values(environment)].join(' '), async () => {
      const { database, issuer } = await this.service();
      return this.start(`servers/${file}`, database, { ...environment, SERVICE: issuer });
    });
  }

  async stop(): Promise<void> {
    const servers = await Promise.allSettled(this.started.values());
    await Promise.all(servers.map((server) => server.status === 'fulfilled' && server.value.process.stop()));
  }

  private named(name: ServerName): Promise<Server> {
    return this.once(name, async () => {
      const url = await this.cluster.createDatabase(`bench_${name}`);
      if (name === 'countersign') await migrate(url);
      return this.start(FILES[name], url);
    });
  }

  private once(key: string, start: () => Promise<Server>): Promise<Server> {
    const running = this.started.get(key) ?? start();
    this.started.set(key, running);
    return running;
  }

  private async start(file: string, databaseUrl: string, environment: Record<string, string> = {}): Promise<Server> {
    const port = await unusedPort();
    const issuer = `http://localhost:${port}`;
    const all = { ...environment, DATABASE_URL: databaseUrl, PORT: String(port), ISSUER: issuer };
    return { process: await MeasuredProcess.start(compiledFile(file), all, this.cores, this.profiles), database: databaseUrl, issuer };
  }
}
