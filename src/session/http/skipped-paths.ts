/** What a router or a proxy may read as another path than it looks like. */
const AMBIGUOUS = /\/\.{1,2}(?:\/|$)|%2e|%2f|%5c|\\|\/\//i;

/** Whether a request's path is one of these or below it. In doubt it is not: a path that leads out of a folder is none of the folder's. */
export function isSkipped(url: string | undefined, skip: readonly string[]): boolean {
  const path = (url ?? '').split('?', 1)[0] ?? '';
  return !AMBIGUOUS.test(path) && skip.some((prefix) => path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`));
}
