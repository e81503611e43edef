import { Inject, Injectable } from '@nestjs/common';
import { Accounts, type Account } from './accounts/accounts.js';
import { isDisplayName, normaliseDisplayName } from './accounts/display-name.js';
import { normaliseEmail } from './accounts/email.js';
import { IDENTITY_OPTIONS, type IdentityOptions } from './identity.options.js';
import { PasswordHasher } from './passwords/password-hasher.js';
import { PasswordPolicy } from './passwords/password-policy.js';
import { UserError } from './user-error.js';

export interface UserToCreate {
  readonly email: string;
  readonly password: string;
  /** By the rule of `isDisplayName`; a blank one is none. */
  readonly displayName?: string | undefined;
  readonly roles?: readonly string[];
  readonly emailVerified?: boolean;
  /** Further claims: OpenID Connect Core §5.1. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** The accounts, for operators, first-run data and the application itself. */
@Injectable()
export class Users {
  constructor(
    private readonly accounts: Accounts,
    private readonly hasher: PasswordHasher,
    private readonly policy: PasswordPolicy,
    @Inject(IDENTITY_OPTIONS) private readonly options: IdentityOptions,
  ) {}

  /** @throws UserError */
  async create({
    email: raw,
    displayName: rawName = '',
    password,
    roles = [],
    emailVerified = false,
    ...more
  }: UserToCreate): Promise<Account> {
    const email = normaliseEmail(raw);
    if (email === undefined) throw new UserError('email-invalid');
    if (!isDisplayName(rawName)) throw new UserError('name-invalid');
    const displayName = normaliseDisplayName(rawName);
    const refusal = await this.policy.refusal(password, email);
    if (refusal) throw new UserError('password-refused', refusal);
    // Spares the hash in the common case; which of two at once wins, the insert decides.
    if (await this.accounts.find({ email })) throw new UserError('email-taken');
    const passwordHash = await this.hasher.hash(password);
    const account = await this.accounts.insert({
      ...more,
      ...(displayName !== undefined && { displayName }),
      email,
      emailVerified,
      roles,
      passwordHash,
    });
    if (!account) throw new UserError('email-taken');
    return account;
  }

  /**
   * Gives a person another password without asking for theirs. Ends sessions as `onPasswordChange` says; as none of them is the one that changes it,
   * `others` are all. False: the account has changed since it was read, or is disabled or gone.
   * @throws UserError
   */
  async setPassword(account: Account, password: string): Promise<boolean> {
    const refusal = await this.policy.refusal(password, account.email);
    if (refusal) throw new UserError('password-refused', refusal);
    const { onPasswordChange: end, includeConnectedApps: connectedApps } = this.options;
    return this.accounts.changePassword({ account, passwordHash: await this.hasher.hash(password), end, connectedApps });
  }

  list(): Promise<Account[]> {
    return this.accounts.list();
  }

  /** The e-mail in any spelling. */
  async findByEmail(raw: string): Promise<Account | undefined> {
    const email = normaliseEmail(raw);
    return email === undefined ? undefined : this.accounts.find({ email });
  }

  findById(id: string): Promise<Account | undefined> {
    return this.accounts.find({ id });
  }

  /** False: no such person, or enabled already. */
  enable(id: string): Promise<boolean> {
    return this.accounts.setEnabled(id, true);
  }

  /** Ends all sessions and grants of the person. False: no such person, or disabled already. */
  disable(id: string): Promise<boolean> {
    return this.accounts.setEnabled(id, false);
  }
}
