import type { Machine } from '../machine/description.js';
import type { Rounds } from '../measure/rounds.js';
import type { Side } from '../measure/side.js';
import type { Sample } from '../measure/measurement.js';
import type { BenchOptions } from '../options.js';
import { judge, type Figures, type Verdict } from './judgement.js';
import { median } from './statistics.js';
import { TARGETS } from './targets.js';

export interface ServerResult extends Figures {
  readonly connections: number;
  readonly perSecond: number;
  readonly statements: number;
  /** Our CPU for a request divided by this server's. */
  readonly ours?: number;
}

export interface OperationResult {
  readonly operation: string;
  /** Medians of the rounds that were kept; ours first. */
  readonly servers: readonly ServerResult[];
  readonly verdicts: readonly Verdict[];
  /** Servers whose figures do not count, and the answer that was wrong. */
  readonly wrong: Readonly<Record<string, string>>;
  readonly dropped: number;
  /** Cores that others kept busy in the loudest round that counts; null where that is not known. */
  readonly foreign: number | null;
}

export interface RunResult {
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly options: BenchOptions;
  /** What is counted as `statements`. */
  readonly counted: 'statements' | 'transactions';
  readonly operations: readonly OperationResult[];
}

export function operationResult(operation: string, sides: readonly Side[], { kept, dropped, wrong }: Rounds): OperationResult {
  const right = sides.filter((side) => !wrong.has(side) && kept.some(({ samples }) => samples.has(side)));
  const figures = right.map((side) => {
    const samples = kept.flatMap(({ samples: of }) => of.get(side) ?? []);
    const middle = (figure: (sample: Sample) => number): number => median(samples.map(figure));
    return {
      server: side.name,
      connections: side.connections,
      cpu: middle(({ cpu }) => cpu),
      perSecond: middle(({ perSecond }) => perSecond),
      p50: middle(({ p50 }) => p50),
      p99: middle(({ p99 }) => p99),
      statements: middle(({ statements }) => statements),
    };
  });
  const ours = figures.find(({ server }) => server === 'countersign');
  const foreign = Math.max(...kept.map((round) => round.foreign));
  return {
    operation,
    servers: figures.map((each) => (ours && each !== ours ? { ...each, ours: ours.cpu / each.cpu } : each)),
    verdicts: ours ? (TARGETS[operation] ?? []).flatMap((target) => judge(target, ours, figures) ?? []) : [],
    wrong: Object.fromEntries([...wrong].map(([side, answer]) => [side.name, answer])),
    dropped,
    foreign: Number.isFinite(foreign) ? foreign : null,
  };
}
