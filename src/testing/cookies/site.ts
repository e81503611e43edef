import { isIP } from 'node:net';

/** How a request's target is related to the place it was started from. Fetch Metadata §2.3 calls these the same. */
export type SiteRelation = 'same-origin' | 'same-site' | 'cross-site';

/** The place of a URL: its origin, or its site. */
export function relation(from: string, to: string): SiteRelation {
  if (originOf(from) === originOf(to)) return 'same-origin';
  return siteOf(from) === siteOf(to) ? 'same-site' : 'cross-site';
}

/**
 * Scheme and registrable domain (HTML §7.1.1 "site"; RFC 6265bis §5.2). There is no list of public suffixes here: the last two labels count as the
 * registrable domain, which holds for `example.com` and `app.localhost`, and not for `example.co.uk`. An IP address, or one label, is its own site.
 */
export function siteOf(url: string): string {
  const { protocol, hostname } = new URL(url);
  return `${protocol}//${isAddress(hostname) ? hostname : hostname.split('.').slice(-2).join('.')}`;
}

/** Whether a hostname, as the URL parser writes it, is an IP address. */
export const isAddress = (hostname: string): boolean => isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0;

const originOf = (url: string): string => new URL(url).origin;
