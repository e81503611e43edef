import { Inject, Injectable } from '@nestjs/common';
import { addressKey } from '../../identity/attempts/address-key.js';
import { AttemptLimiter } from '../../identity/attempts/attempt-limiter.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';

/** How often authorization requests may be sent. */
@Injectable()
export class AuthorizationLimits {
  constructor(
    private readonly attempts: AttemptLimiter,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** @throws TooManyAttemptsError */
  countAddress(address: string): void {
    this.count(`authorization-${addressKey(address)}`);
  }

  /** @throws TooManyAttemptsError */
  countClient(id: string): void {
    this.count(`authorization-client:${id}`);
  }

  private count(key: string): void {
    const { authorizationRequestsPerMinute } = this.options;
    if (authorizationRequestsPerMinute > 0) this.attempts.allow(key, authorizationRequestsPerMinute, 60);
  }
}
