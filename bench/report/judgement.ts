import type { Target } from './targets.js';

/** What is judged of a server. */
export interface Figures {
  readonly server: string;
  /** Microseconds of CPU for a request. */
  readonly cpu: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

export interface Verdict {
  /** `≤ 0.9 × floor` */
  readonly target: string;
  /** The same figure, as measured: `1.58` */
  readonly measured: string;
  readonly met: boolean;
}

/** Undefined where what it compares with was not measured. */
export function judge(target: Target, ours: Figures, others: readonly Figures[]): Verdict | undefined {
  if ('tail' in target) {
    const tail = ours.p99 / ours.p50;
    return { target: `p99 ≤ ${target.tail} × p50`, measured: tail.toFixed(1), met: tail <= target.tail };
  }
  const other = others.find(({ server }) => server === target.against);
  if (!other) return undefined;
  if ('atMost' in target) {
    const ratio = ours.cpu / other.cpu;
    return { target: `≤ ${target.atMost} × ${other.server}`, measured: ratio.toFixed(2), met: ratio <= target.atMost };
  }
  if ('cheaper' in target) {
    const ratio = other.cpu / ours.cpu;
    return { target: `≥ ${target.cheaper} × cheaper than ${other.server}`, measured: ratio.toFixed(2), met: ratio >= target.cheaper };
  }
  const above = ours.cpu - other.cpu;
  return { target: `≤ ${target.above} µs above ${other.server}`, measured: `${above.toFixed(1)} µs`, met: above <= target.above };
}
