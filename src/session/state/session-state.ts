/** Claims of the person, as the id token names them (OpenID Connect Core §2 and §5.1). */
export interface UserClaims {
  readonly sub: string;
  readonly [claim: string]: unknown;
}

/** Dates in milliseconds since the epoch. */
export interface SessionTokens {
  readonly accessToken: string;
  readonly receivedAt: number;
  readonly expiresAt: number;
  readonly scope?: string;
  readonly refreshToken?: string;
  readonly idToken?: string;
}

/** All that is known of a session: what is sealed. */
export interface SessionState {
  readonly user: UserClaims;
  /** The session at the issuer. */
  readonly sid?: string;
  readonly tokens: SessionTokens;
  readonly createdAt: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a cookie holds where there is no row, or only a ledger. */
export interface SessionContent {
  readonly generation: number;
  readonly state: SessionState;
  /** Milliseconds since the epoch. */
  readonly idleUntil: number;
}
