export interface UserRecord {
  /** UUID: the `sub` of its tokens. */
  readonly id: string;
  /** Normalised; unique. */
  readonly email: string;
  readonly emailVerified: boolean;
  readonly displayName?: string;
  readonly roles: readonly string[];
  /** Further claims (OpenID Connect Core §5.1): `given_name`, `phone_number`, `address`, … */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Argon2id, PHC string. */
  readonly passwordHash: string;
  /** Grows with each change of the password; grants that verified an older one are refused. */
  readonly credentialVersion: number;
  readonly disabledAt?: Date;
  readonly createdAt: Date;
}

export type NewUser = Pick<UserRecord, 'id' | 'email' | 'emailVerified' | 'displayName' | 'roles' | 'claims' | 'passwordHash'>;

/** Which sessions a password change ends. `connectedApps`: grants without a sign-in session too. */
export interface PasswordChange {
  readonly id: string;
  readonly passwordHash: string;
  /** The version that was verified; the change is refused when it is no longer current. */
  readonly credentialVersion: number;
  readonly end: 'others' | 'all' | 'none';
  readonly keepSid?: string;
  readonly connectedApps: boolean;
}

/** @throws StorageUnavailableError when the database cannot be asked */
export abstract class UserStore {
  abstract find(by: { id: string } | { email: string }): Promise<UserRecord | undefined>;
  abstract list(): Promise<UserRecord[]>;
  /** False: the e-mail is taken. */
  abstract insert(user: NewUser, now: Date): Promise<boolean>;
  /** Changes the password and ends sessions in one transaction, the person's row first. False: changed meanwhile, disabled or gone. */
  abstract changePassword(change: PasswordChange, now: Date): Promise<boolean>;
  /** Replaces the hash of an unchanged password (parameters rose). Ends nothing. */
  abstract rehash(id: string, credentialVersion: number, passwordHash: string): Promise<void>;
  /** Disabling ends all grants of the person. False: no such person, or in that state already. */
  abstract setEnabled(id: string, enabled: boolean, now: Date): Promise<boolean>;
}
