import type { StatementCounter } from '../database/statement-counter.js';
import { load } from '../load/load.js';
import { cpuTimes } from '../machine/cpu-time.js';
import { connectAll } from './connect.js';
import type { Side } from './side.js';

export interface Sample {
  readonly requests: number;
  /** Microseconds of the server's processes for a request. */
  readonly cpu: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Of the database, for a request. */
  readonly statements: number;
  /** Cores that others than this bench kept busy meanwhile; NaN where that is not known. */
  readonly foreign: number;
}

/** @throws WrongAnswerError */
export async function measure(side: Side, seconds: number, counter: StatementCounter): Promise<Sample> {
  const { process: server, database } = side.server;
  const connections = await connectAll(server.port, side.connections, side.manyAddresses);
  try {
    const statements = await counter.read(database);
    const before = await readTimes(server);
    const result = await load(connections, seconds * 1000, side.plan.next);
    const after = await readTimes(server);
    return {
      requests: result.requests,
      cpu: (after.server - before.server) / result.requests,
      perSecond: result.requests / result.seconds,
      p50: result.p50,
      p99: result.p99,
      statements: ((await counter.read(database)) - statements) / result.requests,
      foreign: Math.max(0, (after.foreign - before.foreign) / ((after.at - before.at) * 1000)),
    };
  } finally {
    for (const connection of connections) connection.close();
  }
}

/** In microseconds; `at` in milliseconds. */
async function readTimes(server: Side['server']['process']): Promise<{ server: number; foreign: number; at: number }> {
  const times = cpuTimes();
  const at = performance.now();
  if (!times) return { server: await server.cpu(), foreign: NaN, at };
  // Servers and Postgres are descendants of this process, which is the generator.
  return { server: times.ofTree(server.pid), foreign: times.all - times.ofTree(process.pid), at };
}
