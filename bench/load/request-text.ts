import type { Offer } from '../servers/announce.js';

/** An HTTP/1.1 request as it goes over the wire (RFC 9112). */
export function requestText(
  { path, method = 'POST', headers = {} }: Pick<Offer, 'path' | 'method' | 'headers'>,
  body?: { type: string; text: string },
): string {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'host: localhost',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body ? [`content-type: ${body.type}`, `content-length: ${Buffer.byteLength(body.text)}`] : []),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body?.text ?? ''}`;
}

export function formText(offer: Offer, more: Readonly<Record<string, string>> = {}): string {
  const text = new URLSearchParams({ ...offer.form, ...more }).toString();
  return requestText(offer, { type: 'application/x-www-form-urlencoded', text });
}

export function jsonText(offer: Offer, value: object): string {
  return requestText(offer, { type: 'application/json', text: JSON.stringify(value) });
}
