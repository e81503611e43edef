import type { IdentityModuleOptions } from '../../identity/identity.options.js';
import type { IssuanceOptions } from '../../issuance/issuance.options.js';
import { canonicalIssuer } from '../../issuance/issuer-faults.js';
import { readPageTexts } from './page-texts.js';
import type { Environment } from './variables.js';

/** Scopes that the sign-in API gets together with the demo data. */
export const DEMO_FIRST_PARTY_SCOPES = ['offline_access', 'todos:read', 'todos:write'];

/** Whether first-run data are made: never in a database that somebody named. */
export const isDemo = (environment: Environment): boolean =>
  environment.DATABASE_URL === undefined && environment.NODE_ENV !== 'production';

export const issuerOf = (environment: Environment): string =>
  environment.ISSUER ?? canonicalIssuer(`http://localhost:${environment.PORT ?? 3000}`);

/** Variables of what a person must sign in for, with a browser. */
export const NEEDS_PAGES = [
  ...(['AUTHORIZATION_ENDPOINT', 'PUSHED_AUTHORIZATION_ENDPOINT', 'DEVICE_ENDPOINT', 'END_SESSION_ENDPOINT'] as const),
  ...(['GRANT_AUTHORIZATION_CODE', 'GRANT_DEVICE_CODE'] as const),
] as const;

export function issuanceOptions(environment: Environment, masterKey: Buffer): IssuanceOptions {
  return {
    issuer: issuerOf(environment),
    masterKey,
    tokenStorage: environment.TOKEN_STORAGE,
    tokenEntryValidation: environment.TOKEN_ENTRY_VALIDATION,
    referenceAccessTokens: environment.REFERENCE_ACCESS_TOKENS,
    accessTokenLifetime: environment.ACCESS_TOKEN_LIFETIME,
    refreshTokenLifetime: environment.REFRESH_TOKEN_LIFETIME,
    chainLifetime: environment.CHAIN_LIFETIME,
    leeway: environment.LEEWAY,
    rotation: environment.ROTATION,
    accessTokenAlgorithm: environment.ACCESS_TOKEN_ALGORITHM,
    ...given('defaultAudience', environment.DEFAULT_AUDIENCE),
    ...given('firstPartyScopes', environment.FIRST_PARTY_SCOPES ?? (isDemo(environment) ? DEMO_FIRST_PARTY_SCOPES : undefined)),
    ...given('referenceRefreshTokens', environment.REFERENCE_REFRESH_TOKENS),
    signingKeyDays: environment.SIGNING_KEY_DAYS,
    tokenRequestsPerMinute: environment.TOKEN_REQUESTS_PER_MINUTE,
    authorizationRequestsPerMinute: environment.AUTHORIZATION_REQUESTS_PER_MINUTE,
    revocationStreamsPerClient: environment.REVOCATION_STREAMS_PER_CLIENT,
    pruning: environment.PRUNING,
    retention: environment.RETENTION,
    endpoints: {
      token: environment.TOKEN_ENDPOINT,
      ...given('introspection', environment.INTROSPECTION_ENDPOINT),
      ...given('revocation', environment.REVOCATION_ENDPOINT),
      ...given('authorization', withPages(environment, 'AUTHORIZATION_ENDPOINT')),
      ...given('pushedAuthorization', withPages(environment, 'PUSHED_AUTHORIZATION_ENDPOINT')),
      ...given('device', withPages(environment, 'DEVICE_ENDPOINT')),
      ...given('revocationFeed', environment.REVOCATION_FEED_ENDPOINT),
      ...given('userinfo', environment.USERINFO_ENDPOINT),
      ...given('endSession', withPages(environment, 'END_SESSION_ENDPOINT')),
    },
    grantTypes: {
      ...given('clientCredentials', environment.GRANT_CLIENT_CREDENTIALS),
      ...given('refreshToken', environment.GRANT_REFRESH_TOKEN),
      ...given('authorizationCode', withPages(environment, 'GRANT_AUTHORIZATION_CODE')),
      ...given('deviceCode', withPages(environment, 'GRANT_DEVICE_CODE')),
    },
    authorizationCodeLifetime: environment.AUTHORIZATION_CODE_LIFETIME,
    pushedRequestLifetime: environment.PUSHED_REQUEST_LIFETIME,
    requirePushedRequests: environment.REQUIRE_PUSHED_REQUESTS,
    interactionLifetime: environment.INTERACTION_LIFETIME,
    deviceCodeLifetime: environment.DEVICE_CODE_LIFETIME,
    deviceInterval: environment.DEVICE_INTERVAL,
    deviceRequestsPerMinute: environment.DEVICE_REQUESTS_PER_MINUTE,
    idTokenLifetime: environment.ID_TOKEN_LIFETIME,
    idTokenAlgorithm: environment.ID_TOKEN_ALGORITHM,
    ...given('backchannelLogout', environment.BACKCHANNEL_LOGOUT),
  };
}

export const identityOptions = (environment: Environment): IdentityModuleOptions => ({
  enabled: environment.SIGN_IN_API,
  storage: environment.TOKEN_STORAGE,
  registration: environment.REGISTRATION,
  sessionLifetime: environment.SIGN_IN_SESSION_LIFETIME,
  pages: {
    name: environment.PAGE_NAME,
    color: environment.PAGE_COLOR,
    texts: pageTextsOf(environment),
    ...given('enabled', environment.PAGES),
    ...given('logo', environment.PAGE_LOGO),
    ...given('templates', environment.PAGE_TEMPLATES),
  },
  onPasswordChange: environment.ON_PASSWORD_CHANGE,
  includeConnectedApps: environment.PASSWORD_CHANGE_ENDS_CONNECTED_APPS,
  refreshOnlyWhenExpired: environment.REFRESH_ONLY_WHEN_EXPIRED,
});

/** What TOKEN_STORAGE=off took along of the features left at their default. */
export function switchedOff(environment: Environment): readonly string[] {
  if (environment.TOKEN_STORAGE) return [];
  const atDefault = {
    PAGES: environment.PAGES,
    REFERENCE_REFRESH_TOKENS: environment.REFERENCE_REFRESH_TOKENS,
    INTROSPECTION_ENDPOINT: environment.INTROSPECTION_ENDPOINT,
    REVOCATION_ENDPOINT: environment.REVOCATION_ENDPOINT,
    REVOCATION_FEED_ENDPOINT: environment.REVOCATION_FEED_ENDPOINT,
    AUTHORIZATION_ENDPOINT: environment.AUTHORIZATION_ENDPOINT,
    PUSHED_AUTHORIZATION_ENDPOINT: environment.PUSHED_AUTHORIZATION_ENDPOINT,
    DEVICE_ENDPOINT: environment.DEVICE_ENDPOINT,
    USERINFO_ENDPOINT: environment.USERINFO_ENDPOINT,
    END_SESSION_ENDPOINT: environment.END_SESSION_ENDPOINT,
    BACKCHANNEL_LOGOUT: environment.BACKCHANNEL_LOGOUT,
    GRANT_AUTHORIZATION_CODE: environment.GRANT_AUTHORIZATION_CODE,
    GRANT_DEVICE_CODE: environment.GRANT_DEVICE_CODE,
  };
  return [
    ...Object.entries(atDefault).flatMap(([name, value]) => (value === undefined ? [name] : [])),
    ...(environment.SIGN_IN_API ? ['/auth/logout', '/auth/change-password', '/auth/sessions'] : []),
  ];
}

/** What PAGES=off took along of the features left at their default. */
export const switchedOffWithPages = (environment: Environment): readonly string[] =>
  environment.TOKEN_STORAGE && environment.PAGES === false ? NEEDS_PAGES.filter((name) => environment[name] === undefined) : [];

const withPages = (environment: Environment, name: (typeof NEEDS_PAGES)[number]): boolean | undefined =>
  environment[name] ?? (environment.PAGES === false ? false : undefined);

/** A file that cannot be read was named among the faults. */
function pageTextsOf({ PAGE_TEXTS }: Environment): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const read = PAGE_TEXTS === undefined ? { texts: {} } : readPageTexts(PAGE_TEXTS);
  return 'texts' in read ? (read.texts as Readonly<Record<string, Readonly<Record<string, string>>>>) : {};
}

const given = <Name extends string, Value>(name: Name, value: Value | undefined): { readonly [N in Name]?: Value } =>
  (value === undefined ? {} : { [name]: value }) as { readonly [N in Name]?: Value };
