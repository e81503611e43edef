/** How many rows of what a database of so many token entries has. */
export interface Population {
  readonly clients: number;
  readonly people: number;
  readonly chains: number;
  /** Mean of the links kept per chain. */
  readonly linksPerChain: number;
  readonly logRows: number;
}

export const LINKS_PER_CHAIN = 10;
/**
 * Of all entries, in the steady state of the defaults: links are kept for 14 days and access entries for 15 minutes, each until the end of its day and
 * two days of retention. With as many tokens for machines as refreshes a day that makes 16.5 : 2.5 : 2.5; machines get what is missing to the number.
 */
const SHARE_OF_LINKS = 16.5 / 21.5;

export function populationOf(entries: number): Population {
  const chains = Math.round((entries * SHARE_OF_LINKS) / LINKS_PER_CHAIN);
  return {
    clients: Math.min(1_000, Math.max(20, Math.round(entries / 10_000))),
    people: Math.ceil(chains / 2),
    chains,
    linksPerChain: LINKS_PER_CHAIN,
    logRows: Math.ceil(entries / 1_000),
  };
}
