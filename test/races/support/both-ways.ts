/** How a race came out: for how many the ending came too late, and how many it caught. */
export interface Outcome {
  readonly yielded: number;
  readonly refused: number;
}

/** While all rounds have come out one way, nothing raced: on a busy machine one side may be late every time. So many times as many rounds at most. */
const PATIENT = 20;

/** Runs so many rounds, and more until both outcomes were seen. Fails if that takes too long. */
export async function untilBothWays(rounds: number, round: (n: number) => Promise<Outcome>): Promise<Outcome> {
  let yielded = 0;
  let refused = 0;
  for (let n = 0; n < rounds || (n < PATIENT * rounds && (yielded === 0 || refused === 0)); n++) {
    const outcome = await round(n);
    yielded += outcome.yielded;
    refused += outcome.refused;
  }
  expect(yielded).toBeGreaterThan(0);
  expect(refused).toBeGreaterThan(0);
  return { yielded, refused };
}
