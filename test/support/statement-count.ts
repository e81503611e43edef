import pg from 'pg';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- pg's query has a dozen overloads; all that matters is its first argument
type Query = (this: pg.Client, ...parts: any[]) => unknown;

/** Names of what the process's clients were asked while `work` ran: the name of a prepared statement, else its text. */
export async function statementsDuring(work: () => Promise<unknown>): Promise<string[]> {
  const statements: string[] = [];
  const prototype = pg.Client.prototype as unknown as { query: Query };
  const original = prototype.query;
  prototype.query = function (this: pg.Client, ...parts) {
    const [statement] = parts as [string | { name?: string; text?: string }];
    statements.push(typeof statement === 'string' ? statement : (statement.name ?? statement.text ?? '?'));
    return original.apply(this, parts);
  };
  try {
    await work();
  } finally {
    prototype.query = original;
  }
  return statements;
}

/** But for what the service asks by itself from time to time, which may fall into the work's time. */
export const withoutTimers = (statements: readonly string[]): string[] => statements.filter((name) => name !== 'list_keys');
