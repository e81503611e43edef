import { isLoopback } from '../protocol/loopback.js';

/** What is wrong with an issuer of ours, each with what to change. */
export function issuerFaults(issuer: string): string[] {
  if (!URL.canParse(issuer)) return ['issuer must be an absolute URL.'];
  const { protocol, hostname, username, password } = new URL(issuer);
  const identified = username !== '' || password !== '';
  const canonical = canonicalIssuer(issuer);
  return [
    ...(protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
      ? []
      : ['issuer must use https unless its host is loopback.']),
    // RFC 8414 §2; a trailing slash would make every address of an endpoint ambiguous.
    ...(identified || /[?#]|\/$/.test(issuer) ? ['issuer must have no query, fragment, user or trailing slash.'] : []),
    // What has no place in it is told above and left out here. User information could be a secret: nothing is repeated beside it.
    ...(identified || issuer.replace(/[?#].*$/s, '').replace(/\/+$/, '') === canonical
      ? []
      : [`issuer must be in its canonical spelling: "${canonical}".`]),
  ];
}

/**
 * The one spelling of an issuer: as a URL parser writes it, and percent-encoded as little as RFC 3986 §6.2.2 allows, without a root dot behind the host.
 * Issuers are compared character by character (RFC 8414 §3.3), and libraries differ in how they rewrite what they were given. The text must parse as a URL.
 */
export function canonicalIssuer(text: string): string {
  const { protocol, host, pathname } = new URL(text);
  // Decoded dots make dot segments, which the parser then takes out.
  const path = new URL(`http://path${pathname.replace(/%[0-9a-f]{2}/gi, normalEncoding)}`).pathname;
  return `${protocol}//${host.replace(/\.(?=:\d+$|$)/, '')}${path.replace(/\/+$/, '')}`;
}

/** RFC 3986 §6.2.2.1–2: hexadecimal digits in upper case, unreserved characters as themselves. */
function normalEncoding(triplet: string): string {
  const character = String.fromCharCode(parseInt(triplet.slice(1), 16));
  return /[\w.~-]/.test(character) ? character : triplet.toUpperCase();
}
