import type { StatementCounter } from '../database/statement-counter.js';
import type { BenchOptions } from '../options.js';
import { measure, type Sample } from './measurement.js';
import { isQuiet, quietest } from './quiet-rounds.js';
import type { Side } from './side.js';

export interface Round {
  readonly samples: ReadonlyMap<Side, Sample>;
  /** Cores that others kept busy in the loudest of its measurements. */
  readonly foreign: number;
}

export interface Rounds {
  readonly kept: readonly Round[];
  /** Measured, and left out for being louder. */
  readonly dropped: number;
  /** Sides that gave a wrong answer, and the answer. */
  readonly wrong: ReadonlyMap<Side, string>;
}

/** What a server may do before it is known: so that there is enough for the first second. */
const PER_SECOND_AT_MOST = 4_000;
const MARGIN = 1.4;
/** Requests after which a server is warm. */
const WARM = 3_000;

/** Measures the sides in turn, round by round, until there are enough quiet rounds, or twice as many as were wanted. */
export async function measureRounds(sides: readonly Side[], options: BenchOptions, counter: StatementCounter): Promise<Rounds> {
  const wrong = new Map<Side, string>();
  const rate = new Map<Side, number>();
  const one = async (side: Side, seconds: number): Promise<Sample | undefined> => {
    try {
      await side.plan.prepare?.(Math.ceil((rate.get(side) ?? PER_SECOND_AT_MOST) * seconds));
      const sample = await measure(side, seconds, counter);
      rate.set(side, sample.perSecond * MARGIN);
      return sample;
    } catch (error) {
      wrong.set(side, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };
  for (const side of sides) {
    // A machine with much else to do needs more time until the compiler has seen enough.
    let requests = 0;
    for (let turn = 0; turn < 4 && requests < WARM && !wrong.has(side); turn++)
      requests += (await one(side, options.warmUp))?.requests ?? 0;
  }

  const rounds: Round[] = [];
  while (rounds.length < 2 * options.rounds && rounds.filter(isQuiet).length < options.rounds) {
    const samples = new Map<Side, Sample>();
    for (const side of sides) {
      const sample = wrong.has(side) ? undefined : await one(side, options.seconds);
      if (sample) samples.set(side, sample);
    }
    if (samples.size === 0) break;
    rounds.push({ samples, foreign: Math.max(...[...samples.values()].map(({ foreign }) => foreign)) });
  }
  const kept = quietest(rounds, options.rounds);
  return { kept, dropped: rounds.length - kept.length, wrong };
}
