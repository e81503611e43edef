import { readFileSync } from 'node:fs';

/** What a file of own words for the pages holds, not looked at yet, or why nothing. */
export function readPageTexts(path: string): { readonly texts: object } | { readonly fault: string } {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { fault: `The file that PAGE_TEXTS names cannot be read (${code ?? 'unknown error'}): correct the path or its permissions.` };
  }
  try {
    const texts = JSON.parse(text) as unknown;
    if (typeof texts === 'object' && texts !== null && !Array.isArray(texts)) return { texts };
  } catch {
    // as if it were JSON of another kind
  }
  return { fault: 'The file that PAGE_TEXTS names must hold a JSON object.' };
}
