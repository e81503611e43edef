import { median, rounded } from './figures.js';
import type { MeasuredDatabase } from './measured-database.js';
import { OPERATIONS, type OperationName, type Operations } from './operations.js';
import { costOf, measureWindow, type Cost, type Window } from './windows.js';

/** A database under measurement and the calls that are made to it. */
export interface Side {
  readonly database: MeasuredDatabase;
  readonly operations: Operations;
}

export interface Comparison {
  readonly operation: OperationName;
  /** In the order of the sides. */
  readonly costs: readonly Cost[];
  /** Of each side to the first: the median over the rounds of what CPU, or time, a call took there in the same round. */
  readonly cpuRatio: readonly number[];
  readonly wallRatio: readonly number[];
}

/** Window after window in turn, so that whatever else the machine does meets all sides alike; each round begins with another side. */
export async function compare(
  sides: readonly Side[],
  { rounds, operations, callers }: { rounds: number; operations: number; callers: number },
  names: readonly OperationName[] = OPERATIONS,
): Promise<Comparison[]> {
  const compared: Comparison[] = [];
  for (const operation of names) {
    const windows: Window[][] = sides.map(() => []);
    for (let round = -1; round < rounds; round++) {
      for (let turn = 0; turn < sides.length; turn++) {
        const index = (turn + Math.max(0, round)) % sides.length;
        const side = sides[index];
        if (!side) continue;
        const window = await measureWindow(side.database, operations, callers, side.operations[operation]);
        if (round >= 0) windows[index]?.push(window); // the first one prepares statements and finds pages
      }
    }
    compared.push({
      operation,
      costs: windows.map(costOf),
      cpuRatio: windows.map((list) => ratio(list, windows[0] ?? [], 'cpu')),
      wallRatio: windows.map((list) => ratio(list, windows[0] ?? [], 'wall')),
    });
  }
  return compared;
}

const ratio = (list: readonly Window[], base: readonly Window[], of: 'cpu' | 'wall'): number =>
  rounded(median(list.map((window, round) => window[of] / (base[round]?.[of] ?? NaN))), 2);
