import pg from 'pg';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- pg's query has a dozen overloads; all that matters is its first argument
type Query = (this: Client, ...parts: any[]) => unknown;
type Client = pg.Client & { readonly connectionParameters: { readonly application_name?: string } };

/** Notices of log-outs are looked for all the time, by no request. */
const POLLED = 'take_notices';
/** So is the log of revocations, on a connection of its own. */
const FOLLOWING = 'countersign log';

/**
 * Names of what the process's clients were asked while `work` ran: the name of a prepared statement, else its text.
 * @param following what follows the log counts, too
 */
export async function statementsDuring(work: () => Promise<unknown>, following = false): Promise<string[]> {
  const statements: string[] = [];
  const prototype = pg.Client.prototype as unknown as { query: Query };
  const original = prototype.query;
  prototype.query = function (this: Client, ...parts) {
    const [statement] = parts as [string | { name?: string; text?: string }];
    const name = typeof statement === 'string' ? statement : (statement.name ?? statement.text ?? '?');
    const follows = this.connectionParameters.application_name === FOLLOWING;
    if (name !== POLLED && (following || !follows)) statements.push(name);
    return original.apply(this, parts);
  };
  try {
    await work();
  } finally {
    prototype.query = original;
  }
  return statements;
}

/** But for a look at the keys, which each instance takes from time to time. */
export const withoutTimers = (statements: readonly string[]): string[] => statements.filter((name) => name !== 'list_keys');
