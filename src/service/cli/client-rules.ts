import { LIMITS } from '../../protocol/limits.js';
import { isRedirectUri } from '../../protocol/redirect-uri.js';
import { isScopeToken } from '../../protocol/scope.js';
import type { ClientPermissions, ClientSettings, NewClient } from '../../storage/client.store.js';
import { flowFaults } from './client-flow-rules.js';
import { keyFaults } from './client-key-rules.js';
import { shown, when } from './rules.js';

/** What a client can be checked against. */
export interface ClientSurroundings {
  readonly grantTypes: readonly string[];
  readonly scopes: ReadonlySet<string>;
  readonly tokenStorage: boolean;
}

export const ENDPOINTS = [
  ...(['token', 'introspection', 'revocation'] as const),
  ...(['authorization', 'pushed_authorization', 'device', 'end_session'] as const),
] as const satisfies readonly ClientPermissions['endpoints'][number][];

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const TEN_YEARS = 10 * 365 * 86_400;

/** Everything that is wrong with a client, each as a sentence that says what to change. */
export function clientFaults(client: NewClient, surroundings: ClientSurroundings): string[] {
  return [
    ...idFaults(client),
    ...typeFaults(client),
    ...keyFaults(client),
    ...permissionFaults(client, surroundings),
    ...addressFaults(client),
    ...flowFaults(client),
    ...settingFaults(client.settings, surroundings),
  ];
}

/** RFC 8707 §2: an absolute URI without a fragment. */
export const isResource = (text: string): boolean => text.length <= 2000 && URL.canParse(text) && !text.includes('#');

function idFaults({ id, displayName }: NewClient): string[] {
  return [
    ...when(!/^[\x21-\x7e]{1,128}$/.test(id), '--id must be 1 to 128 printable ASCII characters without blanks.'),
    // The subject of a client's own token is its id, and people's subjects are UUIDs: one must not pass for the other.
    ...when(UUID.test(id), '--id must not be a UUID: those are for people.'),
    ...when(
      displayName.length === 0 || displayName.length > 200 || /[\0-\x1f\x7f]/.test(displayName),
      '--name must be 1 to 200 characters without control characters.',
    ),
  ];
}

function typeFaults({ type, authenticationMethod, permissions }: NewClient): string[] {
  if (type === 'confidential')
    return when(
      authenticationMethod === 'none',
      'A confidential client must authenticate: choose --method client_secret_basic, client_secret_post or private_key_jwt.',
    );
  return [
    ...when(authenticationMethod !== 'none', 'A public client cannot keep a secret: leave --method out, or choose --type confidential.'),
    ...when(permissions.grantTypes.includes('client_credentials'), 'client_credentials needs --type confidential (RFC 6749 §4.4).'),
    ...when(permissions.endpoints.includes('introspection'), 'Introspection needs --type confidential (RFC 7662 §2.1).'),
    ...when(permissions.seeAllTokens === true, '--see-all-tokens needs --type confidential.'),
  ];
}

function permissionFaults({ permissions }: NewClient, { grantTypes, scopes }: ClientSurroundings): string[] {
  const unknownGrants = permissions.grantTypes.filter((grant) => !grantTypes.includes(grant));
  const badScopes = permissions.scopes.filter((scope) => !isScopeToken(scope));
  const unknownScopes = permissions.scopes.filter((scope) => !badScopes.includes(scope) && !scopes.has(scope));
  return [
    ...unknownGrants.map((grant) => `--grant ${shown(grant)} is unknown here. Known: ${grantTypes.join(', ')}.`),
    ...badScopes.map((scope) => `--scope ${shown(scope)} is no scope (RFC 6749 §3.3).`),
    ...unknownScopes.map((scope) => `--scope ${shown(scope)} does not exist: make it with \`scope put\` first.`),
    ...when(
      permissions.grantTypes.length > 0 && !permissions.endpoints.includes('token'),
      'A client with a --grant needs --endpoint token.',
    ),
    ...when(
      permissions.seeAllTokens === true && !permissions.endpoints.includes('introspection'),
      '--see-all-tokens needs --endpoint introspection.',
    ),
    ...when(
      permissions.serves !== undefined && !permissions.endpoints.includes('introspection'),
      '--serves is for introspection: add --endpoint introspection.',
    ),
  ];
}

function addressFaults({ permissions, allowedOrigins, redirectUris, postLogoutRedirectUris, defaultResource }: NewClient): string[] {
  const resources = [...permissions.resources, ...(permissions.serves ?? []), ...(defaultResource === undefined ? [] : [defaultResource])];
  return [
    ...resources
      .filter((one) => !isResource(one))
      .map((one) => `--resource ${shown(one)} is no absolute URI without a fragment (RFC 8707 §2).`),
    ...allowedOrigins
      .filter((one) => !isOrigin(one))
      .map((one) => `--origin ${shown(one)} is no origin such as https://app.example.com, without path or slash.`),
    ...[...redirectUris, ...postLogoutRedirectUris]
      .filter((one) => !isRedirectUri(one))
      .map(
        (one) =>
          `--redirect-uri ${shown(one)} must be https, http on loopback or an app's own scheme with a dot, without fragment or wildcard (RFC 8252 §7).`,
      ),
  ];
}

function settingFaults(settings: ClientSettings, { tokenStorage }: ClientSurroundings): string[] {
  const within = (name: keyof ClientSettings, option: string, least: number, most: number): string[] => {
    const value = settings[name];
    return when(typeof value === 'number' && !(value >= least && value <= most), `${option} must be from ${least} to ${most} seconds.`);
  };
  return [
    ...within('accessTokenLifetime', '--access-token-lifetime', 1, LIMITS.accessTokenLifetime),
    ...within('refreshTokenLifetime', '--refresh-token-lifetime', 1, LIMITS.refreshTokenLifetime),
    ...within('chainLifetime', '--chain-lifetime', 1, TEN_YEARS),
    ...within('leeway', '--leeway', 0, LIMITS.leeway),
    ...when(
      !tokenStorage && settings.referenceAccessTokens === true,
      '--reference-access-tokens on needs token storage: TOKEN_STORAGE is off.',
    ),
    ...when(
      !tokenStorage && settings.referenceRefreshTokens === true,
      '--reference-refresh-tokens on needs token storage: TOKEN_STORAGE is off.',
    ),
  ];
}

function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { origin, protocol } = new URL(text);
  return origin === text && (protocol === 'https:' || protocol === 'http:');
}
