import { isLoopback } from './loopback.js';

/** Characters of RFC 3986 without "#" (RFC 6749 §3.1.2: no fragment) and "*", which somebody might take for a wildcard. */
const CHARACTERS = /^[\w\-.~:/?[\]@!$&'()+,;=%]{1,2000}$/;
/** `https:a.example`, `https:///a.example` and the like: what browsers make of them is not what is written there. */
const WEB_AUTHORITY = /^https?:\/\/[^/?@]+(?=[/?]|$)/i;
/** The names there are (RFC 1123 §2.1), and IPv6: a `;` in one would end the directive of a Content-Security-Policy that names the place. */
const HOST = /^([\w.-]+|\[[\da-f:.]+\])$/i;
/** RFC 8252 §7.3. */
const LOOPBACK = /^http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(?::([1-9]\d{0,4}))?(?=[/?]|$)/;

/**
 * Whether it can be a redirect URI at all: https, http to this very machine, or an app's own scheme with a dot in it (RFC 8252 §7); no userinfo, no
 * fragment, no wildcard.
 */
export function isRedirectUri(text: string): boolean {
  if (!CHARACTERS.test(text) || !URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  if (protocol !== 'https:' && protocol !== 'http:') return protocol.includes('.');
  return WEB_AUTHORITY.test(text) && HOST.test(hostname) && (protocol === 'https:' || isLoopback(hostname));
}

/**
 * Whether a redirect URI that was sent is one of the registered ones: the same string (RFC 9700 §4.1.3, RFC 3986 §6.2.1), nothing normalised. Only the
 * port of a loopback URI that was registered without one is free where `anyPort` says so: a native app takes the port it gets (RFC 8252 §7.3).
 */
export function isRegistered(sent: string, registered: readonly string[], anyPort: boolean): boolean {
  if (!isRedirectUri(sent)) return false;
  const alike = anyPort ? [sent, withoutPort(sent)] : [sent];
  return alike.some((uri) => uri !== undefined && registered.includes(uri));
}

/** Whether other programs of the person's machine could be listening there as well: loopback, or a scheme any app may claim. RFC 8252 §8.6 */
export const isNative = (redirectUri: string): boolean => !/^https:/i.test(redirectUri);

/** The redirect URI with parameters added to its query, which is kept as it is (RFC 6749 §3.1.2). */
export function withParameters(redirectUri: string, parameters: Readonly<Record<string, string>>): string {
  const separator = !redirectUri.includes('?') ? '?' : /[?&]$/.test(redirectUri) ? '' : '&';
  return redirectUri + separator + new URLSearchParams(parameters).toString();
}

/** What a Content-Security-Policy calls the place. CSP3 §2.3.1 */
export function policySource(redirectUri: string): string {
  const { protocol, hostname, origin } = new URL(redirectUri);
  if (protocol !== 'https:' && protocol !== 'http:') return protocol;
  return hostname.startsWith('[') ? protocol : origin; // CSP3 §6.7.2.8: a policy cannot name an IPv6 address
}

/** What tells a person where they will be sent: the host, or the app's own scheme. */
export function placeName(redirectUri: string): string {
  const { protocol, host } = new URL(redirectUri);
  return protocol === 'https:' || protocol === 'http:' ? host : protocol.slice(0, -1);
}

function withoutPort(uri: string): string | undefined {
  const [start, host, port] = LOOPBACK.exec(uri) ?? [];
  return start === undefined || port === undefined ? undefined : `http://${host}${uri.slice(start.length)}`;
}
