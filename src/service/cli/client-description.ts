import type { ClientRecord } from '../../storage/client.store.js';

/** Everything about a client but its secrets. */
export const describeClient = (client: ClientRecord): Record<string, unknown> => ({
  id: client.id,
  name: client.displayName,
  type: client.type,
  method: client.authenticationMethod,
  status: client.disabledAt ? 'disabled' : 'enabled',
  grants: client.permissions.grantTypes,
  scopes: client.permissions.scopes,
  endpoints: client.permissions.endpoints,
  resources: client.permissions.resources,
  serves: client.permissions.serves,
  seeAllTokens: client.permissions.seeAllTokens,
  defaultResource: client.defaultResource,
  origins: client.allowedOrigins,
  redirectUris: client.redirectUris,
  postLogoutRedirectUris: client.postLogoutRedirectUris,
  backchannelLogoutUri: client.backchannelLogoutUri,
  settings: client.settings,
  keys: client.jwks && keysOf(client.jwks),
  jwksUri: client.jwksUri,
  secrets: client.secrets.map(({ createdAt, expiresAt }) => ({ createdAt, ...(expiresAt && { expiresAt }) })),
  created: client.createdAt,
});

/** Which they are; the numbers themselves tell nobody anything. */
function keysOf(jwks: object): object[] {
  const { keys = [] } = jwks as { readonly keys?: readonly Readonly<Record<string, unknown>>[] };
  return keys.map((key) => Object.fromEntries(['kid', 'kty', 'crv', 'alg'].flatMap((name) => (name in key ? [[name, key[name]]] : []))));
}
