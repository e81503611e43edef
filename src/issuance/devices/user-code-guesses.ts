import { Inject, Injectable, Logger } from '@nestjs/common';
import { addressKey } from '../../identity/attempts/address-key.js';
import { AttemptLimiter } from '../../identity/attempts/attempt-limiter.js';
import { TooManyAttemptsError } from '../../identity/attempts/too-many-attempts.error.js';
import type { UserCode } from '../../protocol/user-code.js';
import type { DeviceRequestRecord } from '../../storage/device-request.store.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { DeviceRequests } from './device-requests.js';

/** Wrong codes in any lifetime of a code, of one account, and from one address: docs/adr/0009-user-codes-are-short-because-guesses-are-few.md */
const MOST_WRONG = 10;

/** Who types a code. */
export interface Guesser {
  /** The account that is signed in. */
  readonly subject: string;
  readonly address: string;
}

/** The one way from what a person typed to a device's request (RFC 8628 §5.1). Right codes are not counted, however many. */
@Injectable()
export class UserCodeGuesses {
  private readonly logger = new Logger(UserCodeGuesses.name);

  constructor(
    private readonly requests: DeviceRequests,
    private readonly attempts: AttemptLimiter,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** Undefined: no request waits for an answer to this code. @throws TooManyAttemptsError: the code was not looked up */
  async find(code: UserCode, { subject, address }: Guesser): Promise<DeviceRequestRecord | undefined> {
    const { deviceCodeLifetime: lifetime } = this.options;
    const policy = { free: MOST_WRONG - 1, firstBlock: lifetime, longestBlock: lifetime, forgetAfter: lifetime };
    const failures = [`user-code-account:${subject}`, `user-code-${addressKey(address)}`].map((key) => ({ key, policy }));
    const who = { account: subject, address }; // never the code: it may be a right one, for another device or a moment later
    try {
      const found = await this.attempts.guess(failures, () => this.requests.find(code));
      if (!found) this.logger.warn({ event: 'user_code_wrong', ...who });
      return found;
    } catch (error) {
      if (error instanceof TooManyAttemptsError) this.logger.warn({ event: 'user_code_locked', ...who });
      throw error;
    }
  }
}
