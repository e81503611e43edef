import fc from 'fast-check';

const SOAK = process.env['SOAK'] === '1';

/** Milliseconds. */
export const LONGEST = SOAK ? 3_600_000 : 120_000;

/** What no answer may hold: the words of Node, of our libraries, of the database. */
export const INSIDE =
  /FST_|\bError:|node_modules|\n? {4}at |\.[jt]s:\d|typeorm|postgres|relation "|violates|prepared statement|\bselect \w+ from\b|TypeError|undefined is not|\[object/i;

export interface Fuzz<T> {
  readonly name: string;
  readonly input: fc.Arbitrary<T>;
  readonly runs: { readonly usual: number; readonly soak: number };
  /** Undefined: nothing came back. */
  readonly outcome: (input: T) => Promise<string | undefined>;
  /** Each must come of one input in five hundred at least: a fuzz that is turned away at the door tries nothing. */
  readonly expected: readonly string[];
}

/** Tries inputs and counts what they come to. */
export async function fuzz<T>({ name, input, runs, outcome, expected }: Fuzz<T>): Promise<void> {
  const numRuns = SOAK ? runs.soak : runs.usual;
  const seen = new Map<string, number>();
  const property = fc.asyncProperty(input, async (one) => {
    const what = await outcome(one);
    if (what !== undefined) seen.set(what, (seen.get(what) ?? 0) + 1);
  });
  await fc.assert(property, { numRuns, interruptAfterTimeLimit: LONGEST - 20_000, markInterruptAsFailure: true });
  const counts = [...seen].sort().map(([what, n]) => `${n} × ${what}`);
  process.stdout.write(`fuzz of ${name}: ${counts.join(', ')}\n`);
  expect(expected.filter((what) => (seen.get(what) ?? 0) < numRuns / 500)).toEqual([]);
}
