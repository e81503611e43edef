import { InvalidArgumentError, Option, type Command } from 'commander';
import type { SigningAlgorithm } from '../../issuance/issuance.options.js';
import type { ClientAuthenticationMethod, ClientPermissions, ClientSettings, ClientType, NewClient } from '../../storage/client.store.js';
import { ENDPOINTS } from './client-rules.js';
import { collect } from './command-host.js';
import { jsonFile } from './json-file.js';

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
  readonly backchannelLogoutUri?: string;
  readonly jwks?: object;
  readonly jwksUri?: string;
  readonly serves?: readonly string[];
  readonly seeAllTokens?: boolean;
  readonly accessTokenLifetime?: number;
  readonly refreshTokenLifetime?: number;
  readonly chainLifetime?: number;
  readonly leeway?: number;
  readonly referenceAccessTokens?: boolean;
  readonly referenceRefreshTokens?: boolean;
  readonly rotation?: boolean;
  readonly accessTokenAlgorithm?: SigningAlgorithm;
  readonly idTokenAlgorithm?: SigningAlgorithm;
  readonly introspectionAlgorithm?: SigningAlgorithm;
  readonly consent?: 'explicit' | 'implicit';
  readonly requirePkce?: boolean;
  readonly requirePushedRequests?: boolean;
  readonly unset?: readonly string[];
}

const SETTINGS = [
  ...['accessTokenLifetime', 'refreshTokenLifetime', 'chainLifetime', 'leeway'],
  ...['referenceAccessTokens', 'referenceRefreshTokens', 'rotation'],
  ...['accessTokenAlgorithm', 'idTokenAlgorithm', 'introspectionAlgorithm'],
  ...['consent', 'requirePkce', 'requirePushedRequests'],
] as readonly (keyof ClientOptions & keyof ClientSettings)[];

/** RFC 7518 §3.1, of the keys this server has. */
const ALGORITHMS = ['ES256', 'RS256'];
const METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'];
/** Bytes. */
const LARGEST_JWKS = 65_536;

/** Options that `client create` and `client update` share. */
export function withClientOptions(command: Command): Command {
  return command
    .option('--name <text>', 'display name')
    .addOption(new Option('--method <method>', 'how it authenticates').choices(METHODS))
    .option('--jwks <file>', 'JSON file with its public keys (RFC 7517 §5), for private_key_jwt', jsonFile(LARGEST_JWKS))
    .option('--jwks-uri <uri>', 'where it publishes its public keys, for private_key_jwt')
    .option('--grant <type>', 'grant type it may use (several: repeat)', collect)
    .option('--scope <name>', 'scope it may ask for (several: repeat)', collect)
    .addOption(new Option('--endpoint <name>', `endpoint it may use: ${ENDPOINTS.join(', ')} (several: repeat)`).argParser(endpoint))
    .option('--resource <uri>', 'audience it may ask for (several: repeat)', collect)
    .option('--serves <uri>', 'audience it is itself: it introspects the tokens meant for it (several: repeat)', collect)
    .option('--default-resource <uri>', 'audience of its tokens where nothing else names one')
    .option('--origin <origin>', 'origin of its pages, for CORS (several: repeat)', collect)
    .option('--redirect-uri <uri>', 'where its codes may be sent (several: repeat)', collect)
    .option('--post-logout-redirect-uri <uri>', 'where people may be sent after signing out (several: repeat)', collect)
    .option('--backchannel-logout-uri <uri>', 'where it is told that a session has ended')
    .addOption(new Option('--consent <kind>', 'implicit: people are not asked').choices(['explicit', 'implicit']))
    .option('--require-pkce <on|off>', 'off: it may leave PKCE out', onOff)
    .option('--require-pushed-requests <on|off>', 'on: it must push its authorization requests', onOff)
    .option('--see-all-tokens <on|off>', 'introspects tokens that were not issued for it', onOff)
    .option('--access-token-lifetime <seconds>', 'instead of the service’s', seconds)
    .option('--refresh-token-lifetime <seconds>', 'instead of the service’s', seconds)
    .option('--chain-lifetime <seconds>', 'instead of the service’s', seconds)
    .option('--leeway <seconds>', 'instead of the service’s', seconds)
    .option('--reference-access-tokens <on|off>', 'instead of the service’s', onOff)
    .option('--reference-refresh-tokens <on|off>', 'instead of the service’s', onOff)
    .option('--rotation <on|off>', 'instead of the service’s', onOff)
    .addOption(new Option('--access-token-algorithm <name>', 'instead of the service’s').choices(ALGORITHMS))
    .addOption(new Option('--id-token-algorithm <name>', 'instead of the service’s').choices(ALGORITHMS))
    .addOption(new Option('--introspection-algorithm <name>', 'instead of that of id tokens').choices(ALGORITHMS));
}

/** What `--unset` can name: lists become empty, settings the service's again. */
export const UNSETTABLE: readonly string[] = [
  ...[
    'grant',
    'scope',
    'endpoint',
    'resource',
    'default-resource',
    'origin',
    'redirect-uri',
    'post-logout-redirect-uri',
    'serves',
    'see-all-tokens',
  ],
  ...['jwks', 'jwks-uri', 'backchannel-logout-uri'],
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
  const { seeAllTokens: sawAll, serves: served = [], ...permissions } = client.permissions;
  const serves = list('serves', options.serves, served);
  const seeAllTokens = options.seeAllTokens ?? (unset.has('see-all-tokens') ? undefined : sawAll);
  const { defaultResource: resourceBefore, backchannelLogoutUri: logoutBefore, jwks: _jwks, jwksUri: _jwksUri, ...rest } = client;
  const defaultResource = options.defaultResource ?? (unset.has('default-resource') ? undefined : resourceBefore);
  const backchannelLogoutUri = options.backchannelLogoutUri ?? (unset.has('backchannel-logout-uri') ? undefined : logoutBefore);
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
      ...(serves.length > 0 && { serves }),
      ...(seeAllTokens !== undefined && { seeAllTokens }),
    },
    redirectUris: list('redirect-uri', options.redirectUri, client.redirectUris),
    postLogoutRedirectUris: list('post-logout-redirect-uri', options.postLogoutRedirectUri, client.postLogoutRedirectUris),
    allowedOrigins: list('origin', options.origin, client.allowedOrigins),
    ...(defaultResource !== undefined && { defaultResource }),
    ...(backchannelLogoutUri !== undefined && { backchannelLogoutUri }),
    ...applyKeys(client, options, unset),
    settings: applySettings(client.settings, options, unset),
  };
}

/** Keys that are said take the place of an address that was, and the other way round. */
function applyKeys(before: NewClient, options: ClientOptions, unset: ReadonlySet<string>): Pick<NewClient, 'jwks' | 'jwksUri'> {
  const replaced = options.jwks !== undefined || options.jwksUri !== undefined;
  const jwks = options.jwks ?? (replaced || unset.has('jwks') ? undefined : before.jwks);
  const jwksUri = options.jwksUri ?? (replaced || unset.has('jwks-uri') ? undefined : before.jwksUri);
  return { ...(jwks && { jwks }), ...(jwksUri !== undefined && { jwksUri }) };
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
