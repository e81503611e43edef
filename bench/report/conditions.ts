import { QUIET } from '../measure/quiet-rounds.js';
import type { RunResult } from './result.js';

/** Where, when and how it was measured, in sentences. */
export function conditions({ machine, options, operations, date, counted }: RunResult): string {
  const { cpu, cores, memory, node, postgres, system, pinned } = machine;
  const dropped = operations.reduce((sum, each) => sum + each.dropped, 0);
  const loud = operations.filter(({ foreign }) => foreign !== null && foreign > QUIET);
  const loudest = Math.max(...operations.map(({ foreign }) => foreign ?? 0));
  return [
    `${date.slice(0, 10)}: ${cpu}, ${cores} cores, ${memory} GiB, ${system}; Node ${node}; PostgreSQL ${postgres} with default durability.`,
    `${options.connections} keep-alive connections, medians of ${options.rounds} rounds of ${options.seconds} s after ${options.warmUp} s of warm-up.`,
    pinned ? 'Servers pinned to one core, the generator and Postgres to the other.' : 'Nothing pinned to a core.',
    counted === 'statements' ? 'Statements by pg_stat_statements.' : 'Statements: transactions, by pg_stat_database.',
    `Rounds left out for what others computed meanwhile: ${dropped}.`,
    loud.length > 0
      ? `Operations marked † had no ${options.rounds} rounds with less than ${QUIET} core of others; the loudest that counts had ${loudest.toFixed(2)}.`
      : '',
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}
