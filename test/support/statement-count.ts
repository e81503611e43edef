import pg from 'pg';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- pg's query has a dozen overloads; all that matters is its first argument
type Query = (this: Client, ...parts: any[]) => unknown;
type Client = pg.Client & { readonly connectionParameters: { readonly application_name?: string } };

interface Asked {
  readonly client: Client;
  readonly name: string;
}

/** By no request: notices of log-outs are looked for all the time, keys are read each half minute, the database's clock each minute. */
const POLLED = ['take_notices', 'list_keys', 'database_time'];
/** So is the log of revocations, on a connection of its own. */
const FOLLOWING = 'countersign log';
/** So are changes of configuration, each second, in a transaction on any connection of the pool. */
const WATCHED = ['read_revocation_log_kind_since', 'read_log_position'];

/**
 * Names of what the process's clients were asked while `work` ran: the name of a prepared statement, else its text.
 * @param following what follows the log counts, too
 */
export async function statementsDuring(work: () => Promise<unknown>, following = false): Promise<string[]> {
  const asked: Asked[] = [];
  const prototype = pg.Client.prototype as unknown as { query: Query };
  const original = prototype.query;
  prototype.query = function (this: Client, ...parts) {
    const [statement] = parts as [string | { name?: string; text?: string }];
    const name = typeof statement === 'string' ? statement : (statement.name ?? statement.text ?? '?');
    const follows = this.connectionParameters.application_name === FOLLOWING;
    if (!POLLED.includes(name) && (following || !follows)) asked.push({ client: this, name });
    return original.apply(this, parts);
  };
  try {
    await work();
  } finally {
    prototype.query = original;
  }
  return asked.filter((one, index) => !ofWatch(one, index, asked)).map(({ name }) => name);
}

/**
 * Whether this is what is watched, or begins or ends a transaction of it. Those of `work` are over when it is: a reading that is begun and not sent, or
 * a commit of what was sent before, is nobody's else.
 */
function ofWatch({ client, name }: Asked, index: number, asked: readonly Asked[]): boolean {
  if (WATCHED.includes(name)) return client.connectionParameters.application_name !== FOLLOWING;
  const own = (other: Asked): boolean => other.client === client;
  const watched = (other: Asked | undefined): boolean => other === undefined || WATCHED.includes(other.name);
  if (name.startsWith('begin isolation level repeatable read')) return watched(asked.slice(index + 1).find(own));
  return (name === 'commit' || name === 'rollback') && watched(asked.slice(0, index).findLast(own));
}
