import type { DropCost } from './partition-drop.js';
import type { PartitionCount } from './partition-count.js';
import type { SizeResult } from './run.js';

export function printSize({ entries, operations, prune, bytes }: SizeResult): void {
  if (operations) {
    console.log(`\nCost of a call at ${entries} entries, against the small database. CPU of Postgres in µs.`);
    console.table(
      operations.map(({ operation, costs: [small, big], cpuRatio, wallRatio }) => ({
        operation,
        'CPU small': small?.cpu,
        'CPU big': big?.cpu,
        'CPU ratio': cpuRatio[1],
        'time ratio': wallRatio[1],
        'other CPU small': small?.background,
        'other CPU big': big?.background,
        'WAL small': small?.wal,
        'WAL big': big?.wal,
        'p50 ms': `${small?.p50} / ${big?.p50}`,
        'p99 ms': `${small?.p99} / ${big?.p99}`,
      })),
    );
  }
  if (prune) {
    console.log(`\nPruning at ${entries} entries`);
    console.table(
      [prune.small, prune.big].map(({ grants, idle, cpuPerGrant, cpuPerDeletedGrant, drop }) => ({
        grants,
        'idle round, ms': idle.ms,
        'its CPU, ms': idle.cpuMs,
        'CPU µs per grant looked at': cpuPerGrant,
        'CPU µs per grant deleted': cpuPerDeletedGrant,
        'entries dropped': drop.entries,
        'drop, ms': drop.ms,
        'drop CPU, ms': drop.cpuMs,
      })),
    );
  }
  if (bytes) {
    console.log(`\nBytes per row at ${entries} entries`);
    console.table(bytes);
  }
}

export function printDrops({ drops, entriesPerDrop, dropRound, idleRound, issued, p99, longest }: DropCost): void {
  console.log(`\n${drops} partitions of ${entriesPerDrop} entries dropped while tokens were issued.`);
  console.log(`A round of pruning took ${dropRound} ms with a drop and ${idleRound} ms without.`);
  console.table({ 'tokens a second': issued, 'p99, ms': p99, 'longest, ms': longest });
  const share = (other: number): string => (issued.drop / other).toFixed(3);
  console.log(
    `Issued while dropping: ${share(issued.quiet)} of what is issued otherwise, ${share(issued.idleRound)} of that during other rounds.`,
  );
}

export function printCounts({ partitions, compared }: PartitionCount): void {
  console.log(`\nCost of a call by the number of partitions. CPU of Postgres in µs.`);
  console.table(
    compared.map(({ operation, costs, cpuRatio }) => ({
      operation,
      ...Object.fromEntries(costs.map((cost, index) => [`${partitions[index]} partitions`, cost.cpu])),
      ...Object.fromEntries(cpuRatio.slice(1).map((ratio, index) => [`${partitions[index + 1]} : ${partitions[0]}`, ratio])),
    })),
  );
}
