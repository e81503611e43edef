/** Claims of the person, as the id token names them (OpenID Connect Core §2 and §5.1). */
export interface UserClaims {
  readonly sub: string;
  readonly [claim: string]: unknown;
}

/** Dates in milliseconds since the epoch. */
export interface AccessToken {
  readonly accessToken: string;
  readonly receivedAt: number;
  readonly expiresAt: number;
  readonly scope?: string;
}

/** The access token of the session itself, and what brings others. */
export interface SessionTokens extends AccessToken {
  readonly refreshToken?: string;
  readonly idToken?: string;
  /** Access tokens for something else than what the sign-in asked for, by what was wanted. */
  readonly others?: Readonly<Record<string, AccessToken>>;
}

/** Which access token is wanted; neither: the session's own. */
export interface WantedToken {
  /** The API that takes it. RFC 8707 */
  readonly resource?: string;
  /** Less than, or the same as, what the person agreed to. RFC 6749 §6 */
  readonly scope?: string;
}

/** All that is known of a session from its sign-in and its refreshes: what is sealed. */
export interface SessionState {
  /** As of the sign-in. */
  readonly user: UserClaims;
  /** The session at the issuer. */
  readonly sid?: string;
  readonly tokens: SessionTokens;
  readonly createdAt: number;
}

/** What the application keeps in a session: each value sealed by itself, by name. */
export type SessionData = Readonly<Record<string, string>>;

/** What a cookie holds where there is no row, or only a ledger. */
export interface SessionContent {
  readonly generation: number;
  readonly state: SessionState;
  /** Milliseconds since the epoch. */
  readonly idleUntil: number;
  /** Only where there is no row. */
  readonly data?: SessionData;
}

const OWN = ' ';
export const keyOf = ({ resource = '', scope = '' }: WantedToken): string => `${resource} ${scope}`;

/** Undefined: there has not been one yet. */
export function tokenOf(tokens: SessionTokens, wanted: WantedToken): AccessToken | undefined {
  const key = keyOf(wanted);
  return key === OWN ? tokens : tokens.others?.[key];
}

/** The tokens after the provider answered. What it did not send anew stays as it was (RFC 6749 §6). */
export function withReceived(tokens: SessionTokens, wanted: WantedToken, received: SessionTokens): SessionTokens {
  const key = keyOf(wanted);
  if (key === OWN) return { ...tokens, ...received };
  const { refreshToken, idToken, ...other } = received;
  return {
    ...tokens,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(idToken !== undefined && { idToken }),
    others: { ...tokens.others, [key]: other },
  };
}
