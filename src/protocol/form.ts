import { OAuthError } from './oauth-error.js';

export type FormParameters = ReadonlyMap<string, string>;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads an application/x-www-form-urlencoded body. RFC 6749 §3.2: parameters without a value count as absent, none may be sent twice.
 * @throws OAuthError invalid_request: not UTF-8, broken percent-encoding, a repeated parameter
 */
export function parseForm(body: Buffer): FormParameters {
  const parameters = new Map<string, string>();
  const seen = new Set<string>();
  for (const pair of decodeUtf8(body).split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decodeFormComponent(equals === -1 ? pair : pair.slice(0, equals));
    if (seen.has(name)) throw new OAuthError({ code: 'invalid_request', description: 'A parameter was sent more than once.' });
    seen.add(name);
    const value = equals === -1 ? '' : decodeFormComponent(pair.slice(equals + 1));
    if (value.includes('\0')) throw new OAuthError({ code: 'invalid_request', description: 'A parameter holds a NUL character.' });
    if (value !== '') parameters.set(name, value);
  }
  return parameters;
}

/** Decodes `+` and percent-encoded UTF-8. @throws OAuthError invalid_request */
export function decodeFormComponent(text: string): string {
  try {
    return text.includes('%') || text.includes('+') ? decodeURIComponent(text.replaceAll('+', ' ')) : text;
  } catch (cause) {
    throw new OAuthError({ code: 'invalid_request', description: 'A parameter is not percent-encoded UTF-8.', cause });
  }
}

function decodeUtf8(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch (cause) {
    throw new OAuthError({ code: 'invalid_request', description: 'The body is not UTF-8.', cause });
  }
}
