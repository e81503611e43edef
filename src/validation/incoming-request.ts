import type { Principal } from './principal.js';

const PRINCIPAL = Symbol('principal');

/** What the guard knows of a request on either host: Fastify keeps Node's own under `raw`, Express extends it. */
export interface IncomingRequest {
  readonly headers: { readonly authorization?: string | undefined };
  readonly rawHeaders?: readonly string[];
  readonly raw?: { readonly rawHeaders?: readonly string[] };
  [PRINCIPAL]?: Principal;
}

/** Who makes the request; `undefined` before BearerGuard let it pass, and on public routes. For interceptors, pipes and the like. */
export const principalOf = (request: object): Principal | undefined => (request as IncomingRequest)[PRINCIPAL];

export function setPrincipal(request: IncomingRequest, principal: Principal): void {
  request[PRINCIPAL] = principal;
}
