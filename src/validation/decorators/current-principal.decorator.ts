import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { principalOf } from '../incoming-request.js';
import type { Principal } from '../principal.js';
import { requirementsOf } from './route-requirements.js';

export interface CurrentPrincipalOptions {
  /** True: `undefined` instead of an error where no BearerGuard ran. */
  readonly optional?: boolean;
}

/**
 * Who makes the request, as a `Principal`. On `@Public()` routes `undefined`. On a route that neither is public nor has a BearerGuard it is an error
 * (500): a handler must not take nobody for somebody.
 */
export const CurrentPrincipal: (options?: CurrentPrincipalOptions) => ParameterDecorator = createParamDecorator(
  (options: CurrentPrincipalOptions | undefined, context: ExecutionContext): Principal | undefined => {
    const principal = principalOf(context.switchToHttp().getRequest<object>());
    if (principal || options?.optional || requirementsOf(context).isPublic) return principal;
    throw new Error(`@CurrentPrincipal() in ${context.getClass().name}: no BearerGuard guards this route.`);
  },
);
