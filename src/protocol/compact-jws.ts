import { isCanonicalBase64url } from './base64url.js';

/** Characters. Servers take 16 KiB of headers in all, the cookies of a browser included. */
const LONGEST = 8_192;
const COMPACT = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;

/** The parts of a JWS as they stand there. */
export interface CompactJws {
  readonly header: string;
  readonly payload: string;
  readonly signature: string;
}

/** Takes a JWS in compact serialisation apart (RFC 7515 §7.1). Undefined: none, too long, or a second spelling of one. Nothing is proven by it. */
export function splitCompactJws(text: string): CompactJws | undefined {
  if (text.length > LONGEST) return undefined;
  const [, header = '', payload = '', signature = ''] = COMPACT.exec(text) ?? [];
  return header !== '' && isCanonicalBase64url(signature) ? { header, payload, signature } : undefined;
}

/** A JSON object from its bytes, such as a JOSE header or a claims set. Undefined: not JSON, or another kind of value. */
export function parseJsonObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The same from a part of a JWS. */
export const parsePart = (part: string): Readonly<Record<string, unknown>> | undefined => parseJsonObject(Buffer.from(part, 'base64url'));
