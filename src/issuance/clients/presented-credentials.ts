import type { Parameters } from '../../protocol/form.js';
import { invalidRequest } from '../../protocol/oauth-error.js';
import { invalidClient } from './invalid-client.js';
import { ASSERTION_TYPE, readAssertion, type ClientAssertion } from './client-assertion.js';
import { LONGEST, readBasic } from './client-secrets.js';

/** What of a request says who its client is. */
export interface ClientRequest {
  readonly authorization: string | undefined;
  /** Whether the request has several Authorization headers, of which `authorization` is the first. */
  readonly repeated: boolean;
  readonly parameters: Parameters;
  readonly address: string;
  /** Path of the endpoint that was called. */
  readonly endpoint: string;
}

/** Who a request says its client is, and by what; not proven yet. */
export type Credentials =
  | { readonly method: 'none'; readonly id: string }
  | { readonly method: 'client_secret_basic' | 'client_secret_post'; readonly id: string; readonly secret: string }
  | { readonly method: 'private_key_jwt'; readonly id: string; readonly assertion: ClientAssertion };

/** @throws OAuthError invalid_request: several ways at once (RFC 6749 §2.3), or half of one; invalid_client: none, or of no client's form */
export function readCredentials({ authorization, repeated, parameters }: ClientRequest): Credentials {
  if (repeated) throw invalidRequest('The Authorization header was sent more than once.');
  const id = parameters.get('client_id');
  const secret = parameters.get('client_secret');
  const ways = [authorization, secret, parameters.get('client_assertion') ?? parameters.get('client_assertion_type')];
  if (ways.filter((way) => way !== undefined).length > 1) throw invalidRequest('The client authenticated in two ways at once.');
  if (authorization !== undefined) {
    const basic = readBasic(authorization);
    if (id !== undefined && id !== basic.id) throw invalidRequest('client_id is not that of the Authorization header.');
    return { method: 'client_secret_basic', ...basic };
  }
  if (ways[2] !== undefined) return readAssertionParameters(parameters, id);
  if (id === undefined || id.length > LONGEST || (secret?.length ?? 0) > LONGEST) throw invalidClient();
  return secret === undefined ? { method: 'none', id } : { method: 'client_secret_post', id, secret };
}

/** RFC 7521 §4.2: without client_id the assertion says who the client is; with it, both must say the same. */
function readAssertionParameters(parameters: Parameters, id: string | undefined): Credentials {
  const type = parameters.require('client_assertion_type');
  const text = parameters.require('client_assertion');
  const assertion = type === ASSERTION_TYPE ? readAssertion(text) : undefined;
  if (!assertion || (id !== undefined && id !== assertion.client)) throw invalidClient();
  return { method: 'private_key_jwt', id: assertion.client, assertion };
}
