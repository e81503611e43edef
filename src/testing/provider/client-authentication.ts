import { decodeFormComponent } from '../../protocol/form.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import type { ProviderRequest } from './endpoint.js';
import type { ProviderClient } from './faulty-provider.options.js';

type Clients = ReadonlyMap<string, ProviderClient>;

/** By `client_secret_basic`, `client_secret_post` or `none`. RFC 6749 §2.3.1 @throws OAuthError invalid_client */
export function authenticateClient(
  { headers, parameters }: Pick<ProviderRequest, 'headers' | 'parameters'>,
  clients: Clients,
): ProviderClient {
  const basic = /^Basic (.+)$/i.exec(headers.authorization ?? '')?.[1];
  const [id, secret] = basic === undefined ? [parameters.get('client_id'), parameters.get('client_secret')] : credentials(basic);
  const client = clients.get(id ?? '');
  // A client without a secret must not pretend to have one either.
  if (client !== undefined && client.secret === secret) return client;
  throw new OAuthError({ code: 'invalid_client', ...(basic !== undefined && { challenge: 'Basic realm="provider"' }) });
}

/** Both parts are form-encoded before they are joined. */
function credentials(basic: string): readonly [string, string] {
  const text = Buffer.from(basic, 'base64').toString();
  const colon = text.indexOf(':');
  return [decodeFormComponent(text.slice(0, colon)), decodeFormComponent(text.slice(colon + 1))];
}
