import type { BrowserRequest } from './browser-request.js';

/**
 * Whether a form was sent by a page of the same origin, as far as the browser tells: beside the form's own token, a second and independent lock.
 * `Sec-Fetch-Site` cannot be set by pages; older browsers send `Origin` with every form. Fetch Metadata, Fetch §3.2
 */
export function isSameOrigin({ headers }: BrowserRequest, origin: string): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  return headers.origin === undefined || headers.origin === origin;
}
