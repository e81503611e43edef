import { Inject, Injectable } from '@nestjs/common';
import { addressKey } from '../../identity/attempts/address-key.js';
import { AttemptLimiter } from '../../identity/attempts/attempt-limiter.js';
import { refusedGrantKey } from '../../identity/attempts/refused-grant-key.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';

/** How often tokens may be asked for. */
@Injectable()
export class TokenLimits {
  constructor(
    private readonly attempts: AttemptLimiter,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** @throws TooManyAttemptsError */
  countAddress(address: string): void {
    if (this.limited) this.count(`token-${addressKey(address)}`);
  }

  /** @throws TooManyAttemptsError */
  countClient(id: string): void {
    if (this.limited) this.count(`token-client:${id}`);
  }

  /**
   * Counted and checked after a refusal only: a good token costs no statement more, and is served whoever else shares its address. What is presented
   * has 256 bits: the count keeps noise down, it protects nothing that could be guessed.
   *
   * @throws TooManyAttemptsError after many
   */
  async countRefusedGrant(address: string): Promise<void> {
    const key = refusedGrantKey(address);
    await this.attempts.check([key]);
    await this.attempts.fail([{ key, policy: this.options.refusedGrants }]);
  }

  private get limited(): boolean {
    return this.options.tokenRequestsPerMinute > 0;
  }

  private count(key: string): void {
    this.attempts.allow(key, this.options.tokenRequestsPerMinute, 60);
  }
}
