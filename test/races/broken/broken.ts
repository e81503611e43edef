/** Replaces parts of a statement, each of which must be there: else the break would break nothing. */
export function broken(statement: { readonly text: string }, ...replacements: readonly (readonly [string, string])[]): void {
  let { text } = statement;
  for (const [part, replacement] of replacements) {
    if (!text.includes(part)) throw new Error(`The statement has no longer this part: ${part}`);
    text = text.replaceAll(part, replacement);
  }
  Object.assign(statement, { text });
}
