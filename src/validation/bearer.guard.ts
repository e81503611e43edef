import { Inject, Injectable, Logger, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Clock } from '../protocol/clock.js';
import { isSubset } from '../protocol/scope.js';
import { StorageUnavailableError } from '../storage/storage-unavailable.error.js';
import { BearerException, BearerFailures } from './bearer-failures.js';
import { readBearerToken } from './bearer-token.js';
import { CheckUnavailableError, DEFAULT_RETRY_AFTER } from './check-unavailable.error.js';
import { requirementsOf, type RouteRequirements } from './decorators/route-requirements.js';
import { setPrincipal, type IncomingRequest } from './incoming-request.js';
import type { Principal } from './principal.js';
import { SparseLog } from './sparse-log.js';
import { TokenCheck, type Refused } from './token-check.js';
import { VALIDATION_CLOCK } from './validation-clock.js';

/**
 * Lets a request pass only with a good access token in its Authorization header and with the scopes and roles its route asks for. For
 * `@UseGuards(BearerGuard)`, or the whole application: `{ provide: APP_GUARD, useClass: BearerGuard }`. Answers by RFC 6750 §3; when the token
 * cannot be checked 503 with Retry-After.
 */
@Injectable()
export class BearerGuard implements CanActivate {
  readonly #logger = new Logger(BearerGuard.name);
  readonly #sparseLog: SparseLog;

  constructor(
    private readonly check: TokenCheck,
    private readonly failures: BearerFailures,
    private readonly host: HttpAdapterHost,
    @Inject(VALIDATION_CLOCK) clock: Clock,
  ) {
    this.#sparseLog = new SparseLog(this.#logger, clock);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const requirements = requirementsOf(context);
    if (requirements.isPublic) return true;
    if (context.getType<string>() !== 'http') {
      throw new Error(`BearerGuard guards HTTP routes only; ${context.getClass().name} is reached by ${context.getType<string>()}.`);
    }
    const http = context.switchToHttp();
    try {
      const request = http.getRequest<IncomingRequest>();
      setPrincipal(request, await this.#authorize(request, requirements));
      return true;
    } catch (error) {
      if (error instanceof BearerException) this.#setHeaders(http.getResponse(), error);
      throw error;
    }
  }

  async #authorize(request: IncomingRequest, { scopes, roles }: RouteRequirements): Promise<Principal> {
    const presented = readBearerToken(request);
    if (presented.kind === 'none') throw this.failures.unauthenticated();
    if (presented.kind === 'malformed') throw this.failures.invalidRequest();
    const verdict = await this.check.check(presented.token).catch((error: unknown) => this.#unavailable(error));
    if (!verdict.accepted) {
      this.#logRefusal(verdict);
      throw this.failures.invalidToken();
    }
    if (!isSubset(scopes, verdict.principal.scopes)) throw this.failures.insufficientScope(scopes);
    if (!isSubset(roles, verdict.principal.roles)) throw this.failures.missingRole();
    return verdict.principal;
  }

  /** @throws always */
  #unavailable(error: unknown): never {
    if (error instanceof CheckUnavailableError || error instanceof StorageUnavailableError) {
      this.#sparseLog.report('error', error.message);
      throw this.failures.unavailable(error instanceof CheckUnavailableError ? error.retryAfter : DEFAULT_RETRY_AFTER, error);
    }
    throw error;
  }

  #logRefusal({ reason, misuse }: Refused): void {
    const line = `Token refused: ${reason}.`;
    if (misuse) this.#sparseLog.report('warn', line);
    else this.#logger.debug(line);
  }

  #setHeaders(response: unknown, { headers }: BearerException): void {
    for (const [name, value] of Object.entries(headers)) this.host.httpAdapter.setHeader(response, name, value);
  }
}
