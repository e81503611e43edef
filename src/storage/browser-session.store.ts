/** Somebody signed in with a browser, at the service's own pages. */
export interface BrowserSessionRecord {
  readonly sid: string;
  readonly subject: string;
  /** SHA-256 of the cookie's handle. Compare in constant time. */
  readonly hash: Buffer;
  readonly createdAt: Date;
  /** When the person last proved who they are: `auth_time`. */
  readonly authenticatedAt: Date;
  readonly expiresAt: Date;
  /** RFC 8176. */
  readonly amr: readonly string[];
}

/** A person who has just proved who they are. */
export interface ProvenSignIn {
  readonly sid: string;
  readonly subject: string;
  /** Of the cookie that is handed out now. */
  readonly hash: Buffer;
  /** What was proved; the sign-in is refused if it has changed meanwhile. Undefined for subjects kept elsewhere. */
  readonly credentialVersion?: number;
  readonly amr: readonly string[];
  readonly authenticatedAt: Date;
  readonly expiresAt: Date;
  readonly userAgent?: string;
  readonly address?: string;
}

/** @throws StorageUnavailableError when the database cannot be asked */
export abstract class BrowserSessionStore {
  /** Opens a session. False: the person was disabled or changed meanwhile. */
  abstract open(signIn: ProvenSignIn): Promise<boolean>;

  /** Gives an open session of the same person a new cookie and a new time of authentication. False: it has ended, or as `open`. */
  abstract renew(signIn: ProvenSignIn, knownBy: Buffer): Promise<boolean>;

  /** An open session, whoever asks: compare `hash`. */
  abstract find(sid: string, now: Date): Promise<BrowserSessionRecord | undefined>;

  /**
   * Signs out: ends the session with its grants, but for what apps may do while nobody is signed in (offline_access). OpenID Connect Core §11
   * False: it has ended already.
   */
  abstract signOut(subject: string, sid: string, now: Date): Promise<boolean>;
}
