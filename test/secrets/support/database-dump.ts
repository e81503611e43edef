import type pg from 'pg';

/** Every value of every table, partitions by themselves: as text, and bytes also as hex, base64 and raw. */
export async function dumpDatabase(client: pg.Client): Promise<string> {
  const { rows: tables } = await client.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast' order by 1`,
  );
  const values: string[] = [];
  for (const { name } of tables) {
    const { rows } = await client.query<Record<string, unknown>>(`select * from ${name}`);
    for (const row of rows) values.push(`${name}:`, ...Object.values(row).flatMap(spellings));
  }
  return values.join('\n');
}

function spellings(value: unknown): string[] {
  if (Buffer.isBuffer(value))
    return [value.toString('hex'), value.toString('base64'), value.toString('base64url'), value.toString('latin1'), value.toString('utf8')];
  if (typeof value === 'string') return [value];
  return [JSON.stringify(value) ?? ''];
}
