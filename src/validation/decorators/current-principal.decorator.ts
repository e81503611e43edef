import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { principalOf } from '../admission.js';
import { kindOf } from '../calls/kind-of.js';
import type { Principal } from '../principal.js';
import { requirementsOf } from './route-requirements.js';

export interface CurrentPrincipalOptions {
  /** True: `undefined` instead of an error where no BearerGuard ran. */
  readonly optional?: boolean;
}

/**
 * Who makes the call, as a `Principal`. On `@Public()` routes `undefined`. On a route that neither is public nor has a BearerGuard it is an error
 * (500): a handler must not take nobody for somebody.
 */
export const CurrentPrincipal: (options?: CurrentPrincipalOptions) => ParameterDecorator = createParamDecorator(
  (options: CurrentPrincipalOptions | undefined, context: ExecutionContext): Principal | undefined => {
    const { isPublic } = requirementsOf(context);
    // Others may have come by the same socket.
    if (isPublic) return undefined;
    const principal = principalOf(kindOf(context).carrier(context));
    if (principal || options?.optional) return principal;
    throw new Error(`@CurrentPrincipal() in ${context.getClass().name}: no BearerGuard guards this route.`);
  },
);
