/**
 * The path of a request target or an address, as a router compares it: without the query, and with escapes of unreserved characters decoded
 * (RFC 3986 §6.2.2.2). What cannot be decoded stays as it was sent: it is nobody's path.
 */
export function requestPath(target: string): string {
  // RFC 9112 §3.2.2: the target may be a whole URI.
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
