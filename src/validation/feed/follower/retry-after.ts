import type { IncomingHttpHeaders } from 'node:http';

/** What the service asks for, in milliseconds. Dates (RFC 9110 §10.2.3) would need two clocks that agree: they count as nothing. */
export function retryAfter({ 'retry-after': value = '' }: IncomingHttpHeaders): number {
  return /^\d{1,9}$/.test(value) ? Number(value) * 1000 : 0;
}
