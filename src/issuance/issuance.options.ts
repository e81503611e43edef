import { failurePolicyFaults } from '../identity/attempts/failure-policy-faults.js';
import { IDENTITY_DEFAULTS } from '../identity/identity.options.js';
import { LIMITS } from '../protocol/limits.js';
import type { FailurePolicy } from '../storage/failure.store.js';
import { issuerFaults } from './issuer-faults.js';

export type SigningAlgorithm = 'ES256' | 'RS256';

export type EndpointName =
  | 'token'
  | 'introspection'
  | 'revocation'
  | 'authorization'
  | 'pushedAuthorization'
  | 'device'
  | 'revocationFeed'
  | 'userinfo'
  | 'endSession';

export type GrantTypeName = 'clientCredentials' | 'refreshToken' | 'authorizationCode' | 'deviceCode';

/** Settings of the authorization server. Lifetimes in seconds. Per-client settings override those marked (client). */
export interface IssuanceOptions {
  /**
   * Issuer identifier: the `iss` of every token and the root of every endpoint's address. https, or http on loopback; no trailing slash, and in the spelling a
   * URL parser gives it. RFC 8414 §2
   */
  readonly issuer: string;
  /** 32 bytes that seal the private keys in the database. */
  readonly masterKey: Buffer;
  /** Keep an entry for every token. Off: only client_credentials and sign-in with self-contained refresh tokens remain. @default true */
  readonly tokenStorage?: boolean;
  /**
   * Guards of the same application (`ValidationModule`) that name no check look up the entry on each request. The routes of this module and of
   * IdentityModule always do. @default false
   */
  readonly tokenEntryValidation?: boolean;
  /** (client) Access tokens are references instead of JWTs (RFC 9068). @default false */
  readonly referenceAccessTokens?: boolean;
  /** (client) Refresh tokens are references; false: self-contained (JWE), with an entry all the same. @default true, false without storage */
  readonly referenceRefreshTokens?: boolean;
  /** (client) @default 900; at most 86400 */
  readonly accessTokenLifetime?: number;
  /** (client) From each refresh on. @default 1209600 (14 days); at most 5184000 (60 days) */
  readonly refreshTokenLifetime?: number;
  /** (client) From sign-in on, whatever is refreshed. @default 15552000 (180 days) */
  readonly chainLifetime?: number;
  /**
   * (client) How long a spent refresh token answers with the same successor while that is unused. 0: strict single use. RFC 9700 §4.14.2
   * @default 30; at most 300
   */
  readonly leeway?: number;
  /** (client) Each refresh yields a new refresh token. RFC 9700 §4.14 @default 'public': for public clients only */
  readonly rotation?: 'always' | 'public' | 'never';
  /** (client) Signature of JWT access tokens. RFC 9068 §2.1 @default 'ES256' */
  readonly accessTokenAlgorithm?: SigningAlgorithm;
  /** Audience of tokens for which neither resource, scope nor client names one. RFC 9068 §3 @default the issuer */
  readonly defaultAudience?: string;
  /** Id of the built-in client of the sign-in API. @default 'first-party' */
  readonly firstPartyClient?: string;
  /** Scopes the built-in client may ask for, all of which each sign-in gets. @default ['offline_access'] */
  readonly firstPartyScopes?: readonly string[];
  /** Endpoints that answer; the others are 404 and not in the metadata. All but token need token storage, device its grant type. @default all that can be */
  readonly endpoints?: { readonly [Name in EndpointName]?: boolean };
  /** Built-in grant types that are accepted. Those of people who sign in with a browser need token storage; true needs the token endpoint. @default all that can be */
  readonly grantTypes?: { readonly [Name in GrantTypeName]?: boolean };
  /** Seconds an authorization code lives. RFC 6749 §4.1.2 @default 60; at most 600 */
  readonly authorizationCodeLifetime?: number;
  /** Seconds a pushed authorization request waits for its first use. RFC 9126 §2.2 @default 90; at most 600 */
  readonly pushedRequestLifetime?: number;
  /** (client) Authorization requests are taken only by `/connect/par`. RFC 9126 §4 @default false */
  readonly requirePushedRequests?: boolean;
  /** Seconds a person may take to sign in and to consent. @default 1800; at most 86400 */
  readonly interactionLifetime?: number;
  /** Seconds a device code and its user code live. RFC 8628 §3.2 @default 600; 60 to 1800 */
  readonly deviceCodeLifetime?: number;
  /** Seconds between a device's polls. RFC 8628 §3.5 @default 5; 1 to 60 */
  readonly deviceInterval?: number;
  /**
   * Device requests a minute that one client, and one address, may open at one instance; 0: no limit. Together with `deviceCodeLifetime` it bounds how
   * many user codes are live, and so how likely a guess is right. @default 600
   */
  readonly deviceRequestsPerMinute?: number;
  /** Seconds an id token lives. @default 900; at most 86400 */
  readonly idTokenLifetime?: number;
  /** (client) Signature of id tokens, logout tokens, signed user information and signed introspection answers (RFC 9701). @default 'RS256' */
  readonly idTokenAlgorithm?: SigningAlgorithm;
  /**
   * Tell the apps that registered a URI for it when a session of theirs has ended (OpenID Connect Back-Channel Logout 1.0). What ends while it is off is
   * told if it is on again within a day. @default true, false without storage
   */
  readonly backchannelLogout?: boolean;
  /** Days a signing key is active. Its successor is published a day before. @default 90 */
  readonly signingKeyDays?: number;
  /** Requests a minute that one client, and one address, may send to the token endpoint of one instance; 0: no limit. @default 60000 */
  readonly tokenRequestsPerMinute?: number;
  /**
   * Refused refresh tokens and codes (invalid_grant) at the token endpoint from one address (IPv6: one /64), for all instances. While it is locked,
   * further refusals are answered 429; a good one is always served.
   * @default free 300, firstBlock 5, longestBlock 300, forgetAfter 600
   */
  readonly refusedGrants?: Partial<FailurePolicy>;
  /**
   * Requests a minute that one address may send to the authorization endpoint of one instance, and one address and one client to the pushed authorization
   * endpoint; 0: no limit. @default 6000
   */
  readonly authorizationRequestsPerMinute?: number;
  /** Answers of the revocation feed that one client may have under way at one instance: streams, polls that wait, snapshots. @default 2000 */
  readonly revocationStreamsPerClient?: number;
  /** Drop what has expired, on whichever instance holds the lease. @default true */
  readonly pruning?: boolean;
  /** Seconds that entries are kept after they expired. @default 172800 (2 days) */
  readonly retention?: number;
}

const ENDPOINTS_WITH_STORAGE = [
  ...(['introspection', 'revocation', 'authorization', 'pushedAuthorization'] as const),
  ...(['device', 'revocationFeed', 'userinfo', 'endSession'] as const),
] as const satisfies readonly EndpointName[];
const GRANT_TYPES_WITH_STORAGE = ['authorizationCode', 'deviceCode'] as const satisfies readonly GrantTypeName[];
const GRANT_TYPES = ['clientCredentials', 'refreshToken', ...GRANT_TYPES_WITH_STORAGE] as const satisfies readonly GrantTypeName[];
const WORDS = {
  introspection: 'introspection',
  revocation: 'revocation',
  authorization: 'authorization',
  pushedAuthorization: 'pushed authorization',
  device: 'device authorization',
  revocationFeed: 'revocation feed',
  userinfo: 'userinfo',
  endSession: 'end session',
  clientCredentials: 'client_credentials',
  refreshToken: 'refresh_token',
  authorizationCode: 'authorization_code',
  deviceCode: 'device_code',
} as const;

export type ResolvedIssuanceOptions = Required<Omit<IssuanceOptions, 'endpoints' | 'grantTypes' | 'refusedGrants'>> & {
  readonly refusedGrants: FailurePolicy;
  readonly endpoints: Required<NonNullable<IssuanceOptions['endpoints']>>;
  readonly grantTypes: Required<NonNullable<IssuanceOptions['grantTypes']>>;
};

/** Fills in the defaults. @throws Error that names every contradiction at once, each with what to change */
export function resolveIssuanceOptions(options: IssuanceOptions): ResolvedIssuanceOptions {
  const faults = issuanceFaults(options);
  if (faults.length > 0)
    throw new Error(['The issuance options contradict each other:', ...faults.map((fault) => `- ${fault}`)].join('\n'));
  const tokenStorage = options.tokenStorage ?? true;
  // Nothing but codes comes of the authorization endpoint, and nothing but requests to it of the pushed one.
  const redeemable = tokenStorage && options.endpoints?.token !== false;
  const authorization = options.endpoints?.authorization ?? (redeemable && options.grantTypes?.authorizationCode !== false);
  return {
    tokenStorage,
    tokenEntryValidation: false,
    referenceAccessTokens: false,
    referenceRefreshTokens: tokenStorage,
    accessTokenLifetime: 900,
    refreshTokenLifetime: 14 * 86_400,
    chainLifetime: 180 * 86_400,
    leeway: 30,
    rotation: 'public',
    accessTokenAlgorithm: 'ES256',
    authorizationCodeLifetime: 60,
    pushedRequestLifetime: 90,
    requirePushedRequests: false,
    interactionLifetime: 1800,
    deviceCodeLifetime: 600,
    deviceInterval: 5,
    deviceRequestsPerMinute: 600,
    idTokenLifetime: 900,
    idTokenAlgorithm: 'RS256',
    backchannelLogout: tokenStorage,
    defaultAudience: options.issuer,
    firstPartyClient: 'first-party',
    firstPartyScopes: ['offline_access'],
    signingKeyDays: 90,
    tokenRequestsPerMinute: 60_000,
    authorizationRequestsPerMinute: 6_000,
    revocationStreamsPerClient: 2_000,
    pruning: true,
    retention: 2 * 86_400,
    ...withoutUndefined(options),
    refusedGrants: refusedGrantsOf(options),
    endpoints: {
      ...all(ENDPOINTS_WITH_STORAGE, tokenStorage),
      token: true,
      pushedAuthorization: authorization,
      device: redeemable && options.grantTypes?.deviceCode !== false,
      ...withoutUndefined(options.endpoints ?? {}),
      authorization,
    },
    grantTypes: {
      ...all(GRANT_TYPES_WITH_STORAGE, tokenStorage),
      clientCredentials: true,
      refreshToken: true,
      ...withoutUndefined(options.grantTypes ?? {}),
    },
  };
}

/** Everything that is wrong with the options, each as a sentence that says what to change. */
export function issuanceFaults(options: IssuanceOptions): string[] {
  const within = (name: keyof IssuanceOptions, lowest: number, highest: number): string[] => {
    const value = options[name];
    if (value === undefined || (Number.isInteger(value) && (value as number) >= lowest && (value as number) <= highest)) return [];
    return [`${name} must be a whole number from ${lowest} to ${highest}.`];
  };
  const faults = [
    ...issuerFaults(options.issuer),
    ...(Buffer.isBuffer(options.masterKey) && options.masterKey.length === 32 ? [] : ['masterKey must be 32 bytes.']),
    ...within('accessTokenLifetime', 1, LIMITS.accessTokenLifetime),
    ...within('refreshTokenLifetime', 1, LIMITS.refreshTokenLifetime),
    ...within('chainLifetime', 1, 10 * 365 * 86_400),
    ...within('leeway', 0, LIMITS.leeway),
    ...within('authorizationCodeLifetime', 1, 600),
    ...within('pushedRequestLifetime', 5, 600),
    ...within('interactionLifetime', 60, 86_400),
    ...within('deviceCodeLifetime', 60, 1800),
    ...within('deviceInterval', 1, 60),
    ...within('deviceRequestsPerMinute', 0, 1e9),
    ...within('idTokenLifetime', 1, LIMITS.accessTokenLifetime),
    ...within('signingKeyDays', 2, 730),
    ...within('tokenRequestsPerMinute', 0, 1e9),
    ...failurePolicyFaults('refusedGrants', refusedGrantsOf(options)).filter((fault) => fault !== false),
    ...within('authorizationRequestsPerMinute', 0, 1e9),
    ...within('revocationStreamsPerClient', 1, 1e6),
    ...within('retention', 0, 10 * 365 * 86_400),
  ];
  if (options.endpoints?.device && options.grantTypes?.deviceCode === false) {
    faults.push('The device authorization endpoint opens requests that nobody redeems: turn it off. The grant type device_code is off.');
  }
  if (options.endpoints?.token === false) faults.push(...tokenEndpointOffFaults(options));
  if (options.tokenStorage === false) faults.push(...storageOffFaults(options));
  return [...faults, ...authorizationFaults(options)];
}

/** Grants are asked for there and nowhere else, and codes redeemed. What is left at its default is off, or has nobody who asks. */
const tokenEndpointOffFaults = ({ grantTypes = {}, endpoints = {} }: IssuanceOptions): string[] => [
  ...GRANT_TYPES.filter((name) => grantTypes[name] === true).map(
    (name) => `The grant type ${WORDS[name]} needs the token endpoint: turn it off, or the token endpoint on.`,
  ),
  ...(['authorization', 'device'] as const)
    .filter((name) => endpoints[name] === true)
    .map((name) => `The ${WORDS[name]} endpoint opens requests that nobody redeems without the token endpoint: turn it off, or that on.`),
];

function storageOffFaults(options: IssuanceOptions): string[] {
  const needing: [boolean | undefined, string][] = [
    [options.tokenEntryValidation, 'tokenEntryValidation needs token storage: turn it off, or tokenStorage on.'],
    [options.referenceAccessTokens, 'referenceAccessTokens needs token storage: turn it off, or tokenStorage on.'],
    [options.referenceRefreshTokens, 'referenceRefreshTokens needs token storage: turn it off, or tokenStorage on.'],
    [options.backchannelLogout, 'backchannelLogout needs token storage: turn it off, or tokenStorage on.'],
    ...ENDPOINTS_WITH_STORAGE.map((name): [boolean | undefined, string] => [
      options.endpoints?.[name],
      `The ${WORDS[name]} endpoint needs token storage: turn it off, or tokenStorage on.`,
    ]),
    ...GRANT_TYPES_WITH_STORAGE.map((name): [boolean | undefined, string] => [
      options.grantTypes?.[name],
      `The grant type ${WORDS[name]} needs token storage: turn it off, or tokenStorage on.`,
    ]),
  ];
  return needing.flatMap(([on, fault]) => (on ? [fault] : []));
}

/** What the authorization endpoint cannot do without, and what is nothing without it. */
function authorizationFaults({ tokenStorage = true, endpoints = {}, grantTypes = {}, requirePushedRequests }: IssuanceOptions): string[] {
  const canAuthorize = tokenStorage && grantTypes.authorizationCode !== false && endpoints.authorization !== false;
  const canPush = canAuthorize && endpoints.pushedAuthorization !== false;
  return [
    ...(endpoints.authorization === true && grantTypes.authorizationCode === false
      ? ['The authorization endpoint needs the grant type authorization_code: turn it off, or the grant type on.']
      : []),
    ...(endpoints.pushedAuthorization === true && tokenStorage && !canAuthorize
      ? ['The pushed authorization endpoint needs the authorization endpoint: turn it off, or that on.']
      : []),
    ...(requirePushedRequests === true && !canPush
      ? ['requirePushedRequests needs the pushed authorization endpoint: turn it off, or the endpoint on.']
      : []),
  ];
}

/** The sign-in API counts them under the same key. */
const refusedGrantsOf = ({ refusedGrants = {} }: IssuanceOptions): FailurePolicy => ({
  ...IDENTITY_DEFAULTS.lockOut.refresh,
  ...withoutUndefined(refusedGrants),
});

const all = <Name extends string>(names: readonly Name[], on: boolean): Record<Name, boolean> =>
  Object.fromEntries(names.map((name) => [name, on])) as Record<Name, boolean>;

const withoutUndefined = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> };
