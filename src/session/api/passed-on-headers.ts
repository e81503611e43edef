import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** For one connection only (RFC 9110 §7.6.1), and what is answered by whoever holds it. `Connection` may name more. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
];
/** What a browser sent to this app and to nobody else. */
const OF_THE_APP = ['cookie', 'authorization', 'host'];
/** What this app has judged already: an API knows nothing of its pages, and must not be told another method than the one that was allowed. */
const JUDGED = ['x-csrf', 'origin', 'referer', 'x-http-method-override', 'x-http-method', 'x-method-override'];
/** A browser could say anything there; behind a proxy of the app's own they are about that proxy. */
const OF_PROXIES = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'x-real-ip'];
/** Written anew with the body. */
const OF_THE_BODY = ['content-length', 'content-type', 'content-encoding'];
/** RFC 9111 §3.5: these allow shared caches to keep an answer to a request with a token, or forbid it themselves. */
const SAYS_WHO_MAY_CACHE = /\b(public|s-maxage|must-revalidate|private|no-store)\b/i;

/** Of a call that the app makes itself, perhaps with headers that came in. */
export function callHeaders(given: RequestInit['headers'], token: string): Headers {
  const headers = new Headers(given);
  for (const name of [...HOP_BY_HOP, ...OF_THE_APP, ...named(headers.get('connection') ?? undefined)]) headers.delete(name);
  headers.set('authorization', `Bearer ${token}`);
  return headers;
}

/** Of an incoming request that is passed on, but for what its body says. */
export function passedOnHeaders(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  return without([...HOP_BY_HOP, ...OF_THE_APP, ...JUDGED, ...OF_PROXIES, ...OF_THE_BODY, ...named(headers.connection)], headers);
}

/** Of an API's answer. Its cookies are for whoever called it, which was not the browser. */
export function answerHeaders({ headersDistinct, headers }: IncomingMessage): Record<string, string | string[]> {
  const kept = without([...HOP_BY_HOP, 'set-cookie', ...named(headers.connection)], headersDistinct);
  const { 'cache-control': caching } = headers;
  // Caches in front of the app see no token, and would keep what one person got for all.
  return SAYS_WHO_MAY_CACHE.test(caching ?? '')
    ? kept
    : { ...kept, 'cache-control': caching === undefined ? 'private' : `${caching}, private` };
}

const named = (connection: string | undefined): string[] =>
  (connection ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean);

function without(names: readonly string[], headers: NodeJS.Dict<string | string[]>): Record<string, string | string[]> {
  const kept = Object.entries(headers).filter(([name, value]) => value !== undefined && !names.includes(name));
  return Object.fromEntries(kept) as Record<string, string | string[]>;
}
