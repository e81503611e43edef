import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Clock } from '../protocol/clock.js';
import { isSubset } from '../protocol/scope.js';
import { StorageUnavailableError } from '../storage/storage-unavailable.error.js';
import type { Admission } from './admission.js';
import { isStrongEnough } from './authentication-strength.js';
import { BearerFailures } from './bearer-failures.js';
import type { BearerToken } from './bearer-token.js';
import { CheckUnavailableError, DEFAULT_RETRY_AFTER } from './check-unavailable.error.js';
import { ActiveChecks, type ActiveCheck } from './checks/active-checks.js';
import type { RouteRequirements } from './decorators/route-requirements.js';
import { SparseLog } from './sparse-log.js';
import type { Refused, Verdict } from './token-check.js';
import { VALIDATION_CLOCK } from './validation-clock.js';

/** Judges what was presented by what a route asks, whatever way it came in. */
@Injectable()
export class BearerAuthorizer {
  readonly #logger = new Logger('BearerGuard');
  readonly #sparseLog: SparseLog;

  constructor(
    private readonly checks: ActiveChecks,
    private readonly failures: BearerFailures,
    @Inject(VALIDATION_CLOCK) private readonly clock: Clock,
  ) {
    this.#sparseLog = new SparseLog(this.#logger, clock);
  }

  /** @throws BearerException when it does not suffice */
  async authorize(presented: BearerToken, { check, scopes, roles, authentication }: RouteRequirements): Promise<Admission> {
    if (presented.kind === 'none') throw this.failures.unauthenticated();
    if (presented.kind === 'malformed') throw this.failures.invalidRequest();
    const { token } = presented;
    const active = this.checks.of(check);
    const verdict = await this.#judge(active, token);
    if (!verdict.accepted) {
      this.#logRefusal(verdict);
      throw this.failures.invalidToken();
    }
    const { principal } = verdict;
    if (!isSubset(scopes, principal.scopes)) throw this.failures.insufficientScope(scopes);
    if (!isSubset(roles, principal.roles)) throw this.failures.missingRole();
    if (authentication && !isStrongEnough(principal, authentication, this.clock.now().getTime())) {
      throw this.failures.insufficientAuthentication(authentication);
    }
    return { token, accepted: verdict, active };
  }

  async #judge({ check }: ActiveCheck, token: string): Promise<Verdict> {
    try {
      return await check.check(token);
    } catch (error) {
      if (error instanceof CheckUnavailableError || error instanceof StorageUnavailableError) {
        this.#sparseLog.report('error', error.message);
        throw this.failures.unavailable(error instanceof CheckUnavailableError ? error.retryAfter : DEFAULT_RETRY_AFTER, error);
      }
      throw error;
    }
  }

  #logRefusal({ reason, misuse }: Refused): void {
    const line = `Token refused: ${reason}.`;
    if (misuse) this.#sparseLog.report('warn', line);
    else this.#logger.debug(line);
  }
}
