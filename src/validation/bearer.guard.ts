import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { admit } from './admission.js';
import { BearerAuthorizer } from './bearer-authorizer.js';
import { BearerException } from './bearer-failures.js';
import { kindOf } from './calls/kind-of.js';
import { PresentedTokens } from './calls/presented-tokens.js';
import { Refusals } from './calls/refusals.js';
import { requirementsOf } from './decorators/route-requirements.js';

/**
 * Lets a call pass only with a good access token and with the scopes and roles its route asks for: HTTP requests, messages of WebSocket gateways and
 * of microservices, GraphQL resolvers. For `@UseGuards(BearerGuard)`, or the whole application: `{ provide: APP_GUARD, useClass: BearerGuard }`. Answers
 * by RFC 6750 §3; when the token cannot be checked 503 with Retry-After. Messages are answered with an object that says the same: `status`, `error`,
 * `error_description`, and what else the challenge would hold.
 */
@Injectable()
export class BearerGuard implements CanActivate {
  constructor(
    private readonly tokens: PresentedTokens,
    private readonly authorizer: BearerAuthorizer,
    private readonly refusals: Refusals,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const requirements = requirementsOf(context);
    if (requirements.isPublic) return true;
    const carrier = kindOf(context).carrier(context);
    try {
      admit(carrier, await this.authorizer.authorize(this.tokens.of(context), requirements));
      return true;
    } catch (error) {
      throw error instanceof BearerException ? await this.refusals.prepare(context, error) : error;
    }
  }
}
