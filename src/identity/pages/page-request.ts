import { parseForm, type Parameters } from '../../protocol/form.js';
import type { BrowserRequest } from '../browser/browser-request.js';

/** A request for a page. */
export interface PageRequest extends BrowserRequest {
  readonly query: Readonly<Record<string, unknown>>;
  /** Of a form: its bytes. */
  readonly body?: unknown;
}

/** The form that was sent. @throws OAuthError invalid_request */
export const formOf = ({ body }: PageRequest): Parameters => parseForm(Buffer.isBuffer(body) ? body : Buffer.alloc(0));

/** A parameter of the address; undefined also where it was sent twice. */
export const queryOf = ({ query }: PageRequest, name: string): string | undefined => {
  const value = Object.hasOwn(query, name) ? query[name] : undefined;
  return typeof value === 'string' ? value : undefined;
};
