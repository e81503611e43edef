import { Inject, Injectable, Logger } from '@nestjs/common';
import { Accounts, type Account } from './accounts/accounts.js';
import { addressKey } from './attempts/address-key.js';
import { AttemptLimiter } from './attempts/attempt-limiter.js';
import { TooManyAttemptsError } from './attempts/too-many-attempts.error.js';
import { LaneFullError } from './attempts/lane.js';
import { IDENTITY_OPTIONS, type IdentityOptions } from './identity.options.js';
import { PasswordHasher } from './passwords/password-hasher.js';

/** A claim to be the person with this e-mail. */
export interface Claimant {
  /** Normalised. */
  readonly email: string;
  readonly password: string;
  /** Where the request came from. */
  readonly address: string;
}

/** Decides whether a password is an account's, as often as it may be asked. Accounts that do not exist are counted, locked and timed like others. */
@Injectable()
export class CredentialCheck {
  private readonly logger = new Logger(CredentialCheck.name);

  constructor(
    private readonly accounts: Accounts,
    private readonly hasher: PasswordHasher,
    private readonly limiter: AttemptLimiter,
    @Inject(IDENTITY_OPTIONS) private readonly options: IdentityOptions,
  ) {}

  /**
   * The account, if it is enabled and the password its own.
   *
   * @throws TooManyAttemptsError, LaneFullError, StorageUnavailableError: nothing was tried
   */
  async prove(claimant: Claimant): Promise<Account | undefined> {
    const account = `account:${claimant.email}`;
    const address = addressKey(claimant.address);
    const lanes = [
      { key: address, width: 1 },
      { key: account, width: 1 },
    ];
    const { signInsPerAccount, signInsPerAddress } = this.options.rateLimits;
    try {
      this.limiter.allow(`sign-in:${address}`, signInsPerAddress.limit, signInsPerAddress.window);
      this.limiter.allow(`sign-in:${account}`, signInsPerAccount.limit, signInsPerAccount.window);
      return await this.limiter.inTurn(lanes, () => this.tryOnce(claimant, account, address));
    } catch (error) {
      if (error instanceof TooManyAttemptsError) this.logger.warn({ event: 'sign_in_locked', address: claimant.address });
      throw error;
    }
  }

  private async tryOnce({ email, password, address: from }: Claimant, account: string, address: string): Promise<Account | undefined> {
    const { lockOut } = this.options;
    const failures = [
      { key: account, policy: lockOut.account },
      { key: address, policy: lockOut.address },
    ];
    let found: Account | undefined;
    const attempt = async (): Promise<Account | undefined> => {
      found = await this.accounts.find({ email });
      const matches = await this.hasher.verify(found?.passwordHash, password);
      return matches && !found?.disabledAt ? found : undefined;
    };
    const proven = await this.limiter.guess(failures, attempt, [account]);
    if (!proven) {
      this.logger.warn({ event: 'sign_in_failed', account: found?.id, address: from });
      return undefined;
    }
    await this.keepUpToDate(proven, password);
    return proven;
  }

  private async keepUpToDate(account: Account, password: string): Promise<void> {
    if (account.passwordHash === undefined || !this.hasher.needsRehash(account.passwordHash)) return;
    try {
      await this.accounts.rehash(account, await this.hasher.hash(password));
    } catch (error) {
      if (!(error instanceof LaneFullError)) throw error; // too busy: the next sign-in will do it
    }
  }
}
