import { isLoopback } from './loopback.js';

/** Whether it is a URL that tokens, keys and secrets may travel by: https, or http to this very machine (RFC 6750 §5.3, RFC 8252 §8.3). */
export function isSecureUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}
