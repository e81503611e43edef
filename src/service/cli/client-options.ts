import { InvalidArgumentError, Option, type Command } from 'commander';
import type { ClientAuthenticationMethod, ClientPermissions, ClientSettings, ClientType, NewClient } from '../../storage/client.store.js';
import { ENDPOINTS } from './client-rules.js';
import { collect } from './command-host.js';

/** What was said on the command line; undefined: nothing. */
export interface ClientOptions {
  readonly name?: string;
  readonly type?: ClientType;
  readonly method?: ClientAuthenticationMethod;
  readonly grant?: readonly string[];
  readonly scope?: readonly string[];
  readonly endpoint?: ClientPermissions['endpoints'];
  readonly resource?: readonly string[];
  readonly defaultResource?: string;
  readonly origin?: readonly string[];
  readonly redirectUri?: readonly string[];
  readonly postLogoutRedirectUri?: readonly string[];
  readonly seeAllTokens?: boolean;
  readonly accessTokenLifetime?: number;
  readonly refreshTokenLifetime?: number;
  readonly chainLifetime?: number;
  readonly leeway?: number;
  readonly referenceAccessTokens?: boolean;
  readonly referenceRefreshTokens?: boolean;
  readonly rotation?: boolean;
  readonly accessTokenAlgorithm?: 'ES256' | 'RS256';
  readonly unset?: readonly string[];
}

const SETTINGS = [
  ...['accessTokenLifetime', 'refreshTokenLifetime', 'chainLifetime', 'leeway'],
  ...['referenceAccessTokens', 'referenceRefreshTokens', 'rotation', 'accessTokenAlgorithm'],
] as readonly (keyof ClientOptions & keyof ClientSettings)[];

/** Options that `client create` and `client update` share. */
export function withClientOptions(command: Command): Command {
  return command
    .option('--name <text>', 'display name')
    .addOption(new Option('--method <method>', 'how it authenticates').choices(['client_secret_basic', 'client_secret_post', 'none']))
    .option('--grant <type>', 'grant type it may use (several: repeat)', collect)
    .option('--scope <name>', 'scope it may ask for (several: repeat)', collect)
    .addOption(new Option('--endpoint <name>', `endpoint it may use: ${ENDPOINTS.join(', ')} (several: repeat)`).argParser(endpoint))
    .option('--resource <uri>', 'audience it may ask for, or is (several: repeat)', collect)
    .option('--default-resource <uri>', 'audience of its tokens where nothing else names one')
    .option('--origin <origin>', 'origin of its pages, for CORS (several: repeat)', collect)
    .option('--redirect-uri <uri>', 'where its codes may be sent (several: repeat)', collect)
    .option('--post-logout-redirect-uri <uri>', 'where people may be sent after signing out (several: repeat)', collect)
    .option('--see-all-tokens <on|off>', 'introspects tokens that were not issued for it', onOff)
    .option('--access-token-lifetime <seconds>', 'instead of the service’s', seconds)
    .option('--refresh-token-lifetime <seconds>', 'instead of the service’s', seconds)
    .option('--chain-lifetime <seconds>', 'instead of the service’s', seconds)
    .option('--leeway <seconds>', 'instead of the service’s', seconds)
    .option('--reference-access-tokens <on|off>', 'instead of the service’s', onOff)
    .option('--reference-refresh-tokens <on|off>', 'instead of the service’s', onOff)
    .option('--rotation <on|off>', 'instead of the service’s', onOff)
    .addOption(new Option('--access-token-algorithm <name>', 'instead of the service’s').choices(['ES256', 'RS256']));
}

/** What `--unset` can name: lists become empty, settings the service's again. */
export const UNSETTABLE: readonly string[] = [
  ...['grant', 'scope', 'endpoint', 'resource', 'default-resource', 'origin', 'redirect-uri', 'post-logout-redirect-uri', 'see-all-tokens'],
  ...SETTINGS.map(optionName),
];

/** A new client of the id, with what its type needs at least. */
export function blankClient(id: string, type: ClientType): NewClient {
  const confidential = type === 'confidential';
  return {
    id,
    displayName: id,
    type,
    authenticationMethod: confidential ? 'client_secret_basic' : 'none',
    permissions: {
      endpoints: ['token', 'revocation'],
      grantTypes: [confidential ? 'client_credentials' : 'refresh_token'],
      scopes: [],
      resources: [],
    },
    redirectUris: [],
    postLogoutRedirectUris: [],
    allowedOrigins: [],
    settings: {},
  };
}

/** The client after what was said; what was not said stays. */
export function applyOptions(client: NewClient, options: ClientOptions): NewClient {
  const unset = new Set(options.unset ?? []);
  const list = (name: string, said: readonly string[] | undefined, before: readonly string[]): readonly string[] =>
    said ? [...new Set(said)] : unset.has(name) ? [] : before;
  const { seeAllTokens: sawAll, ...permissions } = client.permissions;
  const seeAllTokens = options.seeAllTokens ?? (unset.has('see-all-tokens') ? undefined : sawAll);
  const { defaultResource: before, ...rest } = client;
  const defaultResource = options.defaultResource ?? (unset.has('default-resource') ? undefined : before);
  return {
    ...rest,
    displayName: options.name ?? client.displayName,
    authenticationMethod: options.method ?? client.authenticationMethod,
    permissions: {
      ...permissions,
      endpoints: list('endpoint', options.endpoint, permissions.endpoints) as ClientPermissions['endpoints'],
      grantTypes: list('grant', options.grant, permissions.grantTypes),
      scopes: list('scope', options.scope, permissions.scopes),
      resources: list('resource', options.resource, permissions.resources),
      ...(seeAllTokens !== undefined && { seeAllTokens }),
    },
    redirectUris: list('redirect-uri', options.redirectUri, client.redirectUris),
    postLogoutRedirectUris: list('post-logout-redirect-uri', options.postLogoutRedirectUri, client.postLogoutRedirectUris),
    allowedOrigins: list('origin', options.origin, client.allowedOrigins),
    ...(defaultResource !== undefined && { defaultResource }),
    settings: applySettings(client.settings, options, unset),
  };
}

function applySettings(before: ClientSettings, options: ClientOptions, unset: ReadonlySet<string>): ClientSettings {
  const kept = Object.entries(before).filter(([name]) => !unset.has(optionName(name)));
  const said = SETTINGS.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]]));
  return Object.fromEntries([...kept, ...said]) as ClientSettings;
}

/** accessTokenLifetime is --access-token-lifetime. */
function optionName(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function seconds(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Give a whole number of seconds.');
  return Number(text);
}

function onOff(text: string): boolean {
  if (text !== 'on' && text !== 'off') throw new InvalidArgumentError('Say on or off.');
  return text === 'on';
}

function endpoint(text: string, before: readonly string[] | undefined): string[] {
  if (!ENDPOINTS.some((known) => known === text)) throw new InvalidArgumentError(`Choose from ${ENDPOINTS.join(', ')}.`);
  return collect(text, before);
}
