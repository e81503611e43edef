import { isAddress } from './site.js';

/** RFC 6265bis §5.1.3. Both in lower case, as the URL parser writes hosts. */
export const domainMatches = (host: string, domain: string): boolean =>
  host === domain || (host.endsWith(`.${domain}`) && !isAddress(host));

/** RFC 6265bis §5.1.4. */
export const pathMatches = (requestPath: string, cookiePath: string): boolean =>
  requestPath === cookiePath ||
  (requestPath.startsWith(cookiePath) && (cookiePath.endsWith('/') || requestPath[cookiePath.length] === '/'));

/** The path of a cookie that was set without one: the request's folder. RFC 6265bis §5.1.4 */
export const defaultPath = (requestPath: string): string => requestPath.slice(0, Math.max(1, requestPath.lastIndexOf('/')));
