import type { SessionRecord } from '../../storage/session.store.js';
import type { Account } from '../accounts/accounts.js';
import type { TokenPair } from '../first-party-tokens.js';

/** A person, as told to that person. */
export interface UserAnswer {
  readonly id: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly displayName?: string;
  readonly roles: readonly string[];
  /** RFC 3339, UTC. */
  readonly createdAt: string;
}

/** Lifetimes in seconds from now. */
export interface TokenAnswer extends TokenPair {
  readonly tokenType: 'Bearer';
  readonly user?: UserAnswer;
}

export interface SessionAnswer {
  readonly id: string;
  /** Absent: a browser, at the service's own pages. */
  readonly client?: string;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
  readonly userAgent?: string;
  readonly address?: string;
  /** Whether the request was made under this session. */
  readonly current: boolean;
}

export const userAnswer = ({ id, email, emailVerified, displayName, roles, createdAt }: Account): UserAnswer => ({
  id,
  email,
  emailVerified,
  displayName,
  roles,
  createdAt: createdAt.toISOString(),
});

export const tokenAnswer = (pair: TokenPair, account?: Account): TokenAnswer => ({
  accessToken: pair.accessToken,
  tokenType: 'Bearer',
  expiresIn: pair.expiresIn,
  refreshToken: pair.refreshToken,
  refreshTokenExpiresIn: pair.refreshTokenExpiresIn,
  ...(account && { user: userAnswer(account) }),
});

export const sessionAnswer = (session: SessionRecord, currentSid: string | undefined): SessionAnswer => ({
  id: session.sid,
  client: session.client,
  createdAt: session.createdAt.toISOString(),
  lastSeenAt: session.lastSeenAt.toISOString(),
  expiresAt: session.expiresAt.toISOString(),
  userAgent: session.userAgent,
  address: session.address,
  current: session.sid === currentSid,
});
