import type { IncomingRequest } from './incoming-request.js';

// RFC 6750 §2.1: "Bearer" 1*SP b64token; the scheme's case does not matter (RFC 9110 §11.1).
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;
const BEARER_SCHEME = /^bearer(?: |$)/i;
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

export type BearerToken = { readonly kind: 'none' } | { readonly kind: 'malformed' } | { readonly kind: 'token'; readonly token: string };

/** The token of the Authorization header, and of nowhere else: forms and query strings end up in logs (RFC 6750 §5.3, RFC 9700 §4.3.2). */
export function readBearerToken(request: IncomingRequest): BearerToken {
  const header = request.headers.authorization;
  if (header === undefined) return { kind: 'none' };
  return isAuthorizationRepeated(request) ? { kind: 'malformed' } : parseAuthorization(header);
}

/** @param header as the header's value is written, wherever it stands */
export function parseAuthorization(header: string): BearerToken {
  const token = BEARER.exec(header)?.[1];
  if (token !== undefined) return { kind: 'token', token };
  return BEARER_SCHEME.test(header.trimStart()) ? { kind: 'malformed' } : { kind: 'none' };
}

/** A token that stands by itself, without a scheme. */
export function bareToken(value: unknown): BearerToken {
  if (value === undefined || value === null || value === '') return { kind: 'none' };
  return typeof value === 'string' && TOKEN.test(value) ? { kind: 'token', token: value } : { kind: 'malformed' };
}

/** RFC 6750 §2: a caller must not present a token in more than one place. */
export function onlyOne(places: readonly BearerToken[]): BearerToken {
  const presented = places.filter(({ kind }) => kind !== 'none');
  return presented.length > 1 ? { kind: 'malformed' } : (presented[0] ?? { kind: 'none' });
}

/** Node silently keeps the first of several; another party on the way may have judged by the last. */
export function isAuthorizationRepeated(request: IncomingRequest): boolean {
  const lines = request.raw?.rawHeaders ?? request.rawHeaders ?? [];
  let count = 0;
  for (let index = 0; index < lines.length; index += 2) {
    const name = lines[index];
    if (name?.length === 13 && name.toLowerCase() === 'authorization') count++;
  }
  return count > 1;
}
