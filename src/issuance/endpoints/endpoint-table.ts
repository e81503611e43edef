import { requestPath } from '../../protocol/request-path.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';

/** An address of the authorization server and what it takes, checked before anything is parsed. */
export interface Endpoint {
  readonly path: string;
  readonly methods: readonly ('GET' | 'POST')[];
  /** Whether HEAD is taken with GET. */
  readonly head?: false;
  /** Takes an application/x-www-form-urlencoded body and nothing else, when it is sent by POST. */
  readonly form: boolean;
  /** People come here: what is wrong is told by a page. Identity looks after its pages itself, beyond `enabled`. */
  readonly page?: true;
  /** Who may read it from a browser: anyone, the client's own origins, nobody. */
  readonly cors: 'any' | 'client' | 'none';
  /** Whether it answers at all; otherwise 404. */
  readonly enabled: (options: ResolvedIssuanceOptions) => boolean;
}

/** Paths after OpenIddict's habit, and those the RFCs fix (RFC 8414 §3, OpenID Connect Discovery §4). */
export const PATHS = {
  authorization: '/connect/authorize',
  pushedAuthorization: '/connect/par',
  token: '/connect/token',
  device: '/connect/device',
  introspection: '/connect/introspect',
  revocation: '/connect/revoke',
  revocations: '/connect/revocations',
  revocationSnapshot: '/connect/revocations/snapshot',
  userinfo: '/connect/userinfo',
  endSession: '/connect/logout',
  jwks: '/.well-known/jwks.json',
  openidConfiguration: '/.well-known/openid-configuration',
  authorizationServer: '/.well-known/oauth-authorization-server',
} as const;

const form = { methods: ['POST'], form: true } as const;
const page = { methods: ['GET', 'POST'], form: true, page: true, cors: 'none' } as const;

/** A public document, always there. */
const document = (path: string): Endpoint => ({ path, methods: ['GET'], form: false, cors: 'any', enabled: () => true });

/** A part of the revocation feed. Most of its answers take a while to end, so that there is nothing to say ahead of them. */
const feed = (path: string): Endpoint => ({
  path,
  methods: ['GET'],
  head: false,
  form: false,
  cors: 'none',
  enabled: (options) => options.endpoints.revocationFeed,
});

const ENDPOINTS: readonly Endpoint[] = [
  { path: PATHS.authorization, ...page, enabled: (options) => options.endpoints.authorization },
  { path: PATHS.pushedAuthorization, ...form, cors: 'none', enabled: (options) => options.endpoints.pushedAuthorization },
  { path: PATHS.token, ...form, cors: 'client', enabled: (options) => options.endpoints.token },
  { path: PATHS.device, ...form, cors: 'none', enabled: (options) => options.endpoints.device },
  { path: PATHS.introspection, ...form, cors: 'none', enabled: (options) => options.endpoints.introspection },
  { path: PATHS.revocation, ...form, cors: 'client', enabled: (options) => options.endpoints.revocation },
  ...[PATHS.revocations, PATHS.revocationSnapshot].map(feed),
  { path: PATHS.userinfo, methods: ['GET', 'POST'], form: false, cors: 'client', enabled: (options) => options.endpoints.userinfo },
  { path: PATHS.endSession, ...page, enabled: (options) => options.endpoints.endSession },
  ...[PATHS.jwks, PATHS.openidConfiguration, PATHS.authorizationServer].map(document),
];

/** All addresses, that of an issuer with a path included. */
export function endpointsOf(issuer: string): readonly Endpoint[] {
  const address = metadataAddressOf(issuer);
  return address === undefined ? ENDPOINTS : [...ENDPOINTS, document(address)];
}

/**
 * RFC 8414 §3.1: the metadata of an issuer with a path are at the well-known address followed by that path. Undefined: it has none, or one that a
 * router would take for a pattern.
 */
export function metadataAddressOf(issuer: string): string | undefined {
  const path = requestPath(issuer);
  return path === '' || /[:*%]/.test(path) ? undefined : PATHS.authorizationServer + path;
}
