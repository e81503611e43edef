/** A person who can sign in. */
export interface Account {
  /** Becomes `sub`. Never changes, never is used again. */
  readonly id: string;
  /** Normalised by `normaliseEmail`. */
  readonly email: string;
  readonly emailVerified: boolean;
  readonly displayName?: string;
  readonly roles: readonly string[];
  /**
   * Further claims of the person (OpenID Connect Core §5.1): `given_name`, `phone_number`, `address`, `locale`, … Each is told to apps whose scopes name
   * it (§5.4). What the fields beside say wins.
   */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** PHC string. Undefined: the person has no password and cannot sign in with one. */
  readonly passwordHash?: string;
  /** Grows with each change of the password; undefined where the token service cannot check it. */
  readonly credentialVersion?: number;
  readonly disabledAt?: Date;
  readonly createdAt: Date;
}

export interface NewAccount {
  readonly email: string;
  readonly emailVerified: boolean;
  readonly displayName?: string;
  readonly roles: readonly string[];
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly passwordHash: string;
}

/** A change of the password of an account whose current one was verified. */
export interface NewPassword {
  readonly account: Account;
  readonly passwordHash: string;
  /** Sessions to end: all but `keepSid`, all, none. */
  readonly end: 'others' | 'all' | 'none';
  readonly keepSid?: string;
  /** Whether `end` also takes the grants of connected apps. */
  readonly connectedApps: boolean;
}

/**
 * Where the people are kept. An application with a user table of its own implements this and names its class in
 * `IdentityModule.forRoot({ accounts: … })`; the default keeps them in the token database.
 */
export abstract class Accounts {
  abstract find(by: { id: string } | { email: string }): Promise<Account | undefined>;

  abstract list(): Promise<Account[]>;

  /** Undefined: the e-mail is taken. Of any number of equal calls at once one succeeds. */
  abstract insert(account: NewAccount): Promise<Account | undefined>;

  /** Changes the password and ends sessions. False, and nothing done: the account has changed since it was read, or is disabled or gone. */
  abstract changePassword(change: NewPassword): Promise<boolean>;

  /** Replaces the hash of an unchanged password, because the parameters have risen. */
  abstract rehash(account: Account, passwordHash: string): Promise<void>;

  /** Disabling ends every grant of the person. False: no such person, or in that state already. */
  abstract setEnabled(id: string, enabled: boolean): Promise<boolean>;
}
