import { isSecureUrl } from '../../protocol/secure-url.js';

/** What `ProtectedResourceModule.forRoot` takes: what the API says of itself (RFC 9728 §2). */
export interface ProtectedResourceOptions {
  /** The API's own URL, its path of letters, digits and `-._~`: what clients name as `resource` (RFC 8707), and where the metadata's address is derived from. https, or http on loopback. Required. */
  readonly resource: string;
  /** Issuers whose tokens it takes. Default: the `issuer` of the ValidationModule. */
  readonly authorizationServers?: readonly string[];
  /** Scopes that are of use here. Default: none are told. */
  readonly scopesSupported?: readonly string[];
  /** For people. */
  readonly resourceName?: string;
  /** A page for developers. */
  readonly resourceDocumentation?: string;
  readonly resourcePolicyUri?: string;
  readonly resourceTosUri?: string;
}

/** What Fastify and Express both take for itself in a route, and not for a pattern. */
const ROUTABLE = /^[\w.~/-]*$/;

/** @throws Error that names every fault at once */
export function checkProtectedResource({ resource, authorizationServers, ...pages }: ProtectedResourceOptions): void {
  const faults: string[] = [];
  // RFC 9728 §1.2: no fragment; a query would have to go into the well-known address.
  if (!isSecureUrl(resource) || /[?#]/.test(resource))
    faults.push('resource: use an https URL (http on loopback) without query and fragment.');
  else if (!ROUTABLE.test(new URL(resource).pathname)) faults.push("resource: use letters, digits and '-._~' in the parts of its path.");
  if (authorizationServers?.length === 0 || !(authorizationServers ?? []).every(isSecureUrl)) {
    faults.push('authorizationServers: use https URLs of issuers, one at least, or leave it out.');
  }
  for (const name of ['resourceDocumentation', 'resourcePolicyUri', 'resourceTosUri'] as const) {
    const page = pages[name];
    if (page !== undefined && !isSecureUrl(page)) faults.push(`${name}: use an https URL.`);
  }
  if (faults.length > 0) throw new Error(`ProtectedResourceModule cannot start:\n${faults.map((fault) => `- ${fault}`).join('\n')}`);
}
