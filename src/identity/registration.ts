import { Inject, Injectable } from '@nestjs/common';
import type { Account } from './accounts/accounts.js';
import { addressKey } from './attempts/address-key.js';
import { AttemptLimiter } from './attempts/attempt-limiter.js';
import { IDENTITY_OPTIONS, type IdentityOptions } from './identity.options.js';
import { UserError } from './user-error.js';
import { Users } from './users.js';

/** A person who wants an account. */
export interface Applicant {
  readonly email: string;
  readonly password: string;
  readonly displayName?: string;
  /** Where the request came from. */
  readonly address: string;
}

/** Makes accounts for whoever asks, as often as they may ask: the one rule of the sign-in API and the page. */
@Injectable()
export class Registration {
  constructor(
    private readonly users: Users,
    private readonly limiter: AttemptLimiter,
    @Inject(IDENTITY_OPTIONS) private readonly options: IdentityOptions,
  ) {}

  /** Whether anybody may register. */
  get open(): boolean {
    return this.options.registration === 'immediate';
  }

  /** @throws UserError, TooManyAttemptsError, LaneFullError, StorageUnavailableError */
  async register({ email, password, displayName, address: from }: Applicant): Promise<Account> {
    const address = `register:${addressKey(from)}`;
    const { limit, window } = this.options.rateLimits.registrationsPerAddress;
    this.limiter.allow(address, limit, window);
    await this.limiter.check([address]);
    try {
      return await this.users.create({ email, password, displayName });
    } catch (error) {
      // The answer tells that the e-mail is known: whoever collects such answers is slowed down like one who guesses passwords.
      if (error instanceof UserError && error.code === 'email-taken') await this.countProbe(address);
      throw error;
    }
  }

  private countProbe(key: string): Promise<void> {
    return this.limiter.fail([{ key, policy: this.options.lockOut.address }]);
  }
}
