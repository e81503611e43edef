/** `npm run bench`: see `--help`, and bench/README.md. */
import { startBenchCluster } from './database/bench-cluster.js';
import { StatementCounter } from './database/statement-counter.js';
import { pinning, pinThisProcess } from './machine/cores.js';
import { describeMachine } from './machine/description.js';
import { measureRounds } from './measure/rounds.js';
import { RunningServers } from './measure/running-servers.js';
import { operations } from './operations/all.js';
import { HELP, readOptions, type BenchOptions } from './options.js';
import { conditions } from './report/conditions.js';
import { keep, lastRun, publish } from './report/publish.js';
import { operationResult, type OperationResult, type RunResult } from './report/result.js';
import { plainTable, resultRows, verdictRows } from './report/table.js';
import { compileServers } from './setup/compile.js';
import { installPackages } from './setup/install.js';

const options = readOptions(process.argv.slice(2), process.env);
if (options === 'help') console.log(HELP);
else if (options === 'list') console.log(operations.map(({ name }) => name).join('\n'));
else if (options === 'publish-last') await publish(await lastRun());
else await run(options);

async function run(chosen: BenchOptions): Promise<void> {
  installPackages();
  await compileServers();
  const cores = pinning();
  if (cores) pinThisProcess(cores.others);

  const cluster = await startBenchCluster();
  const counter = await StatementCounter.connect(cluster);
  // The thread that takes a profile's samples needs a core that is free while the server computes.
  const pinned = cores && chosen.profiles !== undefined ? `${cores.servers},${cores.others}` : cores?.servers;
  const servers = new RunningServers(cluster, chosen.servers, chosen.connections, pinned, chosen.profiles);
  const stopAll = async (): Promise<void> => {
    await servers.stop();
    await counter.close();
    await cluster.remove();
  };
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= stopAll());
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop().finally(() => process.exit(1)));

  const results: OperationResult[] = [];
  const result = (): RunResult => ({
    date: new Date().toISOString(),
    machine: describeMachine(cluster.version, cores !== undefined),
    options: chosen,
    counted: counter.counts,
    operations: results,
  });
  try {
    for (const operation of operations.filter(({ name }) => name.includes(chosen.only))) {
      const sides = await operation.sides(servers);
      if (sides.length === 0) continue;
      const measured = operationResult(operation.name, sides, await measureRounds(sides, chosen, counter));
      if (stopping) return;
      results.push(measured);
      console.error(inShort(measured));
      await keep(result());
    }
  } finally {
    await stop();
  }
  console.log([plainTable(resultRows(results)), plainTable(verdictRows(results)), conditions(result())].join('\n\n'));
  if (chosen.publish) await publish(result());
}

function inShort({ operation, servers, wrong }: OperationResult): string {
  const measured = servers.map(({ server, cpu }) => `${server} ${cpu.toFixed(1)} µs`).join(', ');
  return [`${operation}: ${measured}`, ...Object.entries(wrong).map(([server, answer]) => `  ${server} is void: ${answer}`)].join('\n');
}
