import type { IncomingMessage } from 'node:http';

/** RFC 9110 §9.2.1, as far as browsers send such requests for pages and data. */
export const isSafe = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';

/** Whether a person goes to a page, rather than a script asking for data (Fetch Metadata §2.3; older browsers by what they accept). */
export function isNavigation(request: IncomingMessage): boolean {
  if (!isSafe(request)) return false;
  const { headers } = request;
  const mode = headers['sec-fetch-mode'];
  if (mode !== undefined) return mode === 'navigate';
  return (headers.accept ?? '').includes('text/html') && headers['x-requested-with'] === undefined;
}

/** Whether the browser asks ahead of the person, who may never come (Fetch §2.2.5 `Sec-Purpose`; older browsers say `Purpose`). */
export const isSpeculative = ({ headers }: IncomingMessage): boolean =>
  /prefetch|prerender/i.test(`${String(headers['sec-purpose'])} ${String(headers['purpose'])}`);

/** Whether a person sent a form, rather than a script: it leads to a page (Fetch Metadata §2.3). */
export const isForm = ({ headers }: IncomingMessage): boolean =>
  headers['sec-fetch-mode'] === 'navigate' || (headers['sec-fetch-mode'] === undefined && (headers.accept ?? '').includes('text/html'));

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

/** It goes into one cookie. */
const LONGEST_PATH = 2_000;

/** A path of this app to come back to; whatever could lead elsewhere is the front page. */
export function returnPath(text: unknown): string {
  if (typeof text !== 'string' || text.length > LONGEST_PATH || !/^\/(?![/\\])[\x21-\x7e]*$/.test(text) || text.includes('\\')) return '/';
  try {
    // `/%2f/x` and the like, which a proxy may decode before somebody else reads it.
    return /^\/[/\\]|[\x00-\x1f\x7f]/.test(decodeURIComponent(text)) ? '/' : text;
  } catch {
    return '/';
  }
}
