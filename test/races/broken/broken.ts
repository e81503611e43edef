import type { Statement } from '../../../src/storage/postgres/statement.js';

export type Replacement = readonly [part: RegExp, replacement: string];

/** Replaces parts of a statement, for one call and for many that share it. Each part must be there: else the break would break nothing. */
export function broken(sql: { readonly one: Statement; readonly many: Statement }, ...replacements: readonly Replacement[]): void {
  for (const statement of [sql.one, sql.many]) Object.assign(statement, { text: replaced(statement.text, replacements) });
}

export function replaced(text: string, replacements: readonly Replacement[]): string {
  return replacements.reduce((whole, [part, replacement]) => {
    if (!part.test(whole)) throw new Error(`The statement has no longer this part: ${part}`);
    return whole.replace(new RegExp(part, 'g'), replacement);
  }, text);
}
