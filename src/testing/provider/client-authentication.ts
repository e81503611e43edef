import { decodeFormComponent } from '../../protocol/form.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import type { ProviderRequest } from './endpoint.js';
import { clientOfAssertion } from './client-assertion.js';
import type { ProviderClient } from './faulty-provider.options.js';
import type { World } from './world.js';

/** By `client_secret_basic`, `client_secret_post`, `private_key_jwt` or `none`. RFC 6749 §2.3.1 @throws OAuthError invalid_client */
export function authenticateClient({ headers, parameters }: Pick<ProviderRequest, 'headers' | 'parameters'>, world: World): ProviderClient {
  if (parameters.get('client_assertion') !== undefined) {
    const signer = clientOfAssertion(parameters, world);
    if (signer) return signer;
    throw new OAuthError({ code: 'invalid_client' });
  }
  const basic = /^Basic (.+)$/i.exec(headers.authorization ?? '')?.[1];
  const [id, secret] = basic === undefined ? [parameters.get('client_id'), parameters.get('client_secret')] : credentials(basic);
  const client = world.clients.get(id ?? '');
  // A client without a secret must not pretend to have one either, nor one with a key to have none.
  if (client !== undefined && client.secret === secret && !client.publicKey) return client;
  throw new OAuthError({ code: 'invalid_client', ...(basic !== undefined && { challenge: 'Basic realm="provider"' }) });
}

/** Both parts are form-encoded before they are joined. */
function credentials(basic: string): readonly [string, string] {
  const text = Buffer.from(basic, 'base64').toString();
  const colon = text.indexOf(':');
  return [decodeFormComponent(text.slice(0, colon)), decodeFormComponent(text.slice(colon + 1))];
}
