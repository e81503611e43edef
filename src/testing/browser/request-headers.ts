import { isLoopback } from '../../protocol/loopback.js';
import { relation, type SiteRelation } from '../cookies/site.js';

/** Who makes a request: a page, or the person at the address bar. */
export interface Initiator {
  /** The page's URL. Undefined: typed in, a bookmark, another program. */
  readonly url: string | undefined;
  /** The page's `Referrer-Policy`. Empty: the default one. */
  readonly referrerPolicy?: string | undefined;
}

export interface Hop {
  readonly initiator: Initiator;
  /** The addresses asked so far because of this one request, the present one last: redirects lengthen it. */
  readonly chain: readonly string[];
  readonly method: string;
}

/** The policies that tell http what https did. */
const TELLING = new Set<string | undefined>(['unsafe-url', 'origin', 'origin-when-cross-origin']);
const SITES = ['same-origin', 'same-site', 'cross-site'] as const;

/** `Sec-Fetch-*` and `Origin` of a navigation, as Chromium sets them. */
export const navigationHeaders = (hop: Hop, byPerson: boolean): Record<string, string> => ({
  ...fetchMetadata(hop, { mode: 'navigate', dest: 'document' }),
  ...(isTrustworthy(last(hop)) && byPerson && { 'sec-fetch-user': '?1' }),
  'upgrade-insecure-requests': '1',
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  ...(hop.method !== 'GET' && hop.method !== 'HEAD' && { origin: navigationOrigin(hop) }),
});

/** The same of a script's `fetch`. Its `Origin` is there across origins and with methods that change something. Fetch §3.2 */
export const fetchHeaders = (hop: Hop): Record<string, string> => {
  const origin = hop.initiator.url === undefined ? undefined : new URL(hop.initiator.url).origin;
  const needsOrigin = (hop.method !== 'GET' && hop.method !== 'HEAD') || siteOfChain(hop) !== 'same-origin';
  return { ...fetchMetadata(hop, { mode: 'cors', dest: 'empty' }), accept: '*/*', ...(origin !== undefined && needsOrigin && { origin }) };
};

/** How the whole chain of a request is related to the page that started it: its farthest member decides. Fetch Metadata §2.3 */
export const siteOfChain = ({ initiator, chain }: Hop): SiteRelation | 'none' =>
  initiator.url === undefined
    ? 'none'
    : (SITES.findLast((site) => chain.some((url) => relation(initiator.url ?? url, url) === site)) ?? 'same-origin');

/** Sent to trustworthy places only. Fetch Metadata §2 */
const fetchMetadata = (hop: Hop, { mode, dest }: { readonly mode: string; readonly dest: string }): Record<string, string> =>
  isTrustworthy(last(hop)) ? { 'sec-fetch-site': siteOfChain(hop), 'sec-fetch-mode': mode, 'sec-fetch-dest': dest } : {};

/** Fetch §3.2 "append a request `Origin` header": what the referrer policy hides is "null", and so is what another origin redirected. */
function navigationOrigin({ initiator, chain }: Hop): string {
  if (initiator.url === undefined) return 'null';
  const { origin, protocol } = new URL(initiator.url);
  const [target = '', policy] = [chain.at(-1), initiator.referrerPolicy];
  const leaves = relation(initiator.url, target) !== 'same-origin';
  const tainted = chain
    .slice(0, -1)
    .some((url, index) => new URL(url).origin !== origin && new URL(chain[index + 1] ?? url).origin !== new URL(url).origin);
  const downgraded = protocol === 'https:' && new URL(target).protocol !== 'https:';
  if (tainted || policy === 'no-referrer' || (policy === 'same-origin' && leaves)) return 'null';
  return downgraded && !TELLING.has(policy) ? 'null' : origin;
}

const last = ({ chain }: Hop): string => chain.at(-1) ?? '';

/** Secure Contexts §3.1. */
const isTrustworthy = (url: string): boolean => new URL(url).protocol === 'https:' || isLoopback(new URL(url).hostname);
