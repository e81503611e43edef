import { isUtf8 } from 'node:buffer';
import { invalidRequest } from './oauth-error.js';

const FORM = 'application/x-www-form-urlencoded';
/** RFC 8707 §2: the one parameter that may be sent several times. */
const REPEATABLE = 'resource';

/** The parameters of a request. Those without a value count as absent (RFC 6749 §3.1). */
export class Parameters {
  constructor(private readonly values: ReadonlyMap<string, readonly string[]>) {}

  get(name: string): string | undefined {
    return this.values.get(name)?.[0];
  }

  /** @throws OAuthError invalid_request when it is absent */
  require(name: string): string {
    const value = this.get(name);
    if (value === undefined) throw invalidRequest(`The parameter ${name} is missing.`);
    return value;
  }

  all(name: string): readonly string[] {
    return this.values.get(name) ?? [];
  }
}

/** Whether a `Content-Type` names a form, in the one encoding there is. */
export const isForm = (contentType: string | undefined): boolean =>
  contentType === FORM || /^application\/x-www-form-urlencoded *(; *charset="?utf-8"? *)?$/i.test(contentType ?? '');

/**
 * Reads an application/x-www-form-urlencoded body. RFC 6749 §3.2: no parameter may be sent twice.
 * @throws OAuthError invalid_request: not UTF-8, broken percent-encoding, a repeated parameter, a NUL character
 */
export function parseForm(body: Buffer): Parameters {
  if (!isUtf8(body)) throw invalidRequest('The body is not UTF-8.');
  const values = new Map<string, string[]>();
  for (const pair of body.toString('utf8').split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decodeFormComponent(equals === -1 ? pair : pair.slice(0, equals));
    const value = equals === -1 ? '' : decodeFormComponent(pair.slice(equals + 1));
    if (value.includes('\0')) throw invalidRequest('A parameter holds a NUL character.');
    const earlier = values.get(name);
    if (earlier && name !== REPEATABLE) throw invalidRequest('A parameter was sent more than once.');
    if (!earlier) values.set(name, value === '' ? [] : [value]);
    else if (value !== '') earlier.push(value);
  }
  return new Parameters(values);
}

/** Decodes `+` and percent-encoded UTF-8. @throws OAuthError invalid_request */
export function decodeFormComponent(text: string): string {
  try {
    return text.includes('%') || text.includes('+') ? decodeURIComponent(text.replaceAll('+', ' ')) : text;
  } catch (cause) {
    throw invalidRequest('A parameter is not percent-encoded UTF-8.', cause);
  }
}
