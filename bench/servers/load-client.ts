import { sha256 } from '../../src/protocol/hashing.js';
import type { ClientRecord, ClientStore } from '../../src/storage/index.js';

/** Registers a client that may all that a load asks for, without scopes. */
export async function registerLoadClient(
  store: ClientStore,
  { id, secret }: { readonly id: string; readonly secret: string },
  settings: ClientRecord['settings'],
  now: Date,
): Promise<void> {
  await store.insert(
    {
      id,
      displayName: id,
      type: 'confidential',
      authenticationMethod: 'client_secret_post',
      permissions: {
        endpoints: ['token', 'introspection', 'revocation'],
        grantTypes: ['client_credentials', 'refresh_token'],
        scopes: [],
        resources: [],
        seeAllTokens: true,
      },
      redirectUris: [],
      postLogoutRedirectUris: [],
      allowedOrigins: [],
      settings,
    },
    now,
  );
  await store.addSecret(id, sha256(secret), now, now);
}
