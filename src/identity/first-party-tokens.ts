/** The pair a sign-in or a refresh hands to a first-party app. Both lifetimes are in seconds from now. */
export interface TokenPair {
  readonly accessToken: string;
  readonly expiresIn: number;
  readonly refreshToken: string;
  readonly refreshTokenExpiresIn: number;
}

/** One proven sign-in, ready to become a session. */
export interface SignIn {
  /** The account's id; becomes `sub`. */
  readonly subject: string;
  /** What the access token says about the person beside `sub` (for instance `email`, `roles`). */
  readonly claims: Readonly<Record<string, unknown>>;
  /** The credential the sign-in was proven with: when it has changed meanwhile, no session opens. */
  readonly credentialVersion?: number;
  /** For the person's own list of sessions; never part of a token. */
  readonly userAgent?: string;
  readonly address?: string;
}

export type FirstPartyTokenProblem =
  | 'sign-in-off'
  | 'refresh-token-expired'
  | 'refresh-token-used'
  | 'refresh-token-revoked'
  | 'refresh-token-not-found'
  | 'tokens-do-not-match'
  | 'access-token-invalid'
  | 'access-token-still-valid';

export class FirstPartyTokenError extends Error {
  constructor(readonly problem: FirstPartyTokenProblem) {
    super(problem);
    this.name = FirstPartyTokenError.name;
  }
}

/** The port through which the sign-in API gets its tokens; issuance implements it. */
export abstract class FirstPartyTokens {
  /**
   * Whether anybody can sign in: not while the client they would sign in under is disabled or gone.
   *
   * @throws StorageUnavailableError
   */
  abstract canSignIn(): Promise<boolean>;

  /**
   * Opens a sign-in session and its chain. Undefined: the person was disabled or changed meanwhile.
   *
   * @throws FirstPartyTokenError sign-in-off, when nobody can
   */
  abstract signIn(signIn: SignIn): Promise<TokenPair | undefined>;

  /**
   * Replaces a refresh token by a new pair.
   *
   * @throws FirstPartyTokenError with the reason, when there is no new pair.
   */
  abstract refresh(request: { refreshToken: string; accessToken?: string; onlyWhenExpired: boolean }): Promise<TokenPair>;

  /** Ends the family of a genuine refresh token, spent or not. Silent when it is none. */
  abstract signOut(refreshToken: string): Promise<void>;
}
