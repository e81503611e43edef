/** More than this many cores that others keep busy, and a round is measured again. */
export const QUIET = 0.25;

/** As many as are wanted, the quietest first to be kept, in the order in which they were measured. */
export function quietest<Round extends { readonly foreign: number }>(rounds: readonly Round[], wanted: number): Round[] {
  const kept = new Set([...rounds].sort((a, b) => loudness(a) - loudness(b)).slice(0, wanted));
  return rounds.filter((round) => kept.has(round));
}

export const isQuiet = (round: { readonly foreign: number }): boolean => loudness(round) <= QUIET;

/** What is not known is taken for quiet. */
const loudness = ({ foreign }: { readonly foreign: number }): number => (Number.isNaN(foreign) ? 0 : foreign);
