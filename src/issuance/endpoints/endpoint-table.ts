import type { ResolvedIssuanceOptions } from '../issuance.options.js';

/** An address of the authorization server and what it takes, checked before anything is parsed. */
export interface Endpoint {
  readonly path: string;
  readonly method: 'GET' | 'POST';
  /** Takes an application/x-www-form-urlencoded body and nothing else. */
  readonly form: boolean;
  /** Who may read it from a browser: anyone, the client's own origins, nobody. */
  readonly cors: 'any' | 'client' | 'none';
  /** Whether it answers at all; otherwise 404. */
  readonly enabled: (options: ResolvedIssuanceOptions) => boolean;
}

/** Paths after OpenIddict's habit, and those the RFCs fix (RFC 8414 §3, OpenID Connect Discovery §4). */
export const PATHS = {
  token: '/connect/token',
  introspection: '/connect/introspect',
  revocation: '/connect/revoke',
  jwks: '/.well-known/jwks.json',
  openidConfiguration: '/.well-known/openid-configuration',
  authorizationServer: '/.well-known/oauth-authorization-server',
} as const;

const always = (): boolean => true;

export const ENDPOINTS: readonly Endpoint[] = [
  { path: PATHS.token, method: 'POST', form: true, cors: 'client', enabled: (options) => options.endpoints.token },
  { path: PATHS.introspection, method: 'POST', form: true, cors: 'none', enabled: (options) => options.endpoints.introspection },
  { path: PATHS.revocation, method: 'POST', form: true, cors: 'client', enabled: (options) => options.endpoints.revocation },
  { path: PATHS.jwks, method: 'GET', form: false, cors: 'any', enabled: always },
  { path: PATHS.openidConfiguration, method: 'GET', form: false, cors: 'any', enabled: always },
  { path: PATHS.authorizationServer, method: 'GET', form: false, cors: 'any', enabled: always },
];
