import type { ActiveCheck } from './checks/active-checks.js';
import type { Principal } from './principal.js';
import type { Accepted } from './token-check.js';

/** What was found of a call that may pass. */
export interface Admission {
  readonly token: string;
  readonly accepted: Accepted;
  /** By which it was found good. */
  readonly active: ActiveCheck;
}

const ADMISSION = Symbol('admission');

interface Carrier {
  [ADMISSION]?: Admission;
}

export const admissionOf = (carrier: object): Admission | undefined => (carrier as Carrier)[ADMISSION];

export function admit(carrier: object, admission: Admission): void {
  (carrier as Carrier)[ADMISSION] = admission;
}

/**
 * Who makes a call; `undefined` before BearerGuard let it pass, and on public routes. For interceptors, pipes and the like.
 * @param carrier the HTTP request, also in GraphQL; the client of a WebSocket gateway; the context of a message (`TcpContext`, gRPC `Metadata`, …)
 */
export const principalOf = (carrier: object): Principal | undefined => admissionOf(carrier)?.accepted.principal;
