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
  // `null`: the page hides where it is (Referrer-Policy: no-referrer), which is no matter where the browser itself says that it is of the app.
  const isOwn = from === origin || (from === 'null' && site === 'same-origin');
  if (from !== undefined && !isOwn) return true;
  return mode === 'header' ? request.headers['x-csrf'] !== '1' : site === undefined && from === undefined;
}

/** It goes into a cookie, five of which must be no burden: see SignInAttempts. */
const LONGEST_PATH = 200;

/** A path of this app to come back to; whatever could lead elsewhere is the front page. What is too long loses its query. */
export function returnPath(text: unknown): string {
  if (!isOwnPath(text)) return '/';
  if (text.length <= LONGEST_PATH) return text;
  const path = withoutQuery(text);
  return path.length <= LONGEST_PATH ? path : '/';
}

/** Whether a browser that goes there from here stays at this app, whoever reads it. Browsers do not write quotation marks in addresses. */
export const isOwnPath = (text: unknown): text is string =>
  typeof text === 'string' && /^\/(?![/\\])[\x21\x23-\x5b\x5d-\x7e]*$/.test(text) && !couldLeadElsewhere(withoutQuery(text));

const withoutQuery = (text: string): string => text.replace(/[?#].*$/, '');

/** `/%2f/x` and the like, which a proxy may decode before somebody else reads it. The query leads nowhere, whatever it says. */
function couldLeadElsewhere(path: string): boolean {
  try {
    return /^\/[/\\]|[\x00-\x1f\x7f]/.test(decodeURIComponent(path));
  } catch {
    return true;
  }
}
