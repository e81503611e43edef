import type { IncomingMessage } from 'node:http';

const SAFE: readonly (string | undefined)[] = ['GET', 'HEAD'];

/** Whether a person goes to a page, rather than a script asking for data (Fetch Metadata §2.3; older browsers by what they accept). */
export function isNavigation({ method, headers }: IncomingMessage): boolean {
  if (!SAFE.includes(method)) return false;
  const mode = headers['sec-fetch-mode'];
  if (mode !== undefined) return mode === 'navigate';
  return (headers.accept ?? '').includes('text/html') && headers['x-requested-with'] === undefined;
}

/** How requests that may change something show that they come from the app's own pages: by a header, or (forms) by where they come from. */
export type CsrfMode = 'header' | 'origin';

/**
 * Whether another site may be behind a request that came with a session's cookie. Only going to a page is harmless. A page of another site cannot set the
 * header without asking first (Fetch §3.2.2), and browsers say where a request comes from.
 */
export function mayBeForged(request: IncomingMessage, mode: CsrfMode, origin: string): boolean {
  if (isNavigation(request)) return false;
  const site = request.headers['sec-fetch-site'];
  const from = request.headers.origin;
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  if (from !== undefined && from !== origin) return true;
  return mode === 'header' ? request.headers['x-csrf'] !== '1' : site === undefined && from === undefined;
}

/** A path of this app to come back to; whatever could lead elsewhere is the front page. */
export function returnPath(text: unknown): string {
  if (typeof text !== 'string' || !/^\/(?![/\\])[\x21-\x7e]*$/.test(text) || text.includes('\\')) return '/';
  try {
    // `/%2f/x` and the like, which a proxy may decode before somebody else reads it.
    return /^\/[/\\]|[\x00-\x1f\x7f]/.test(decodeURIComponent(text)) ? '/' : text;
  } catch {
    return '/';
  }
}
