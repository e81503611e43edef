import type { Answer } from './token-answer.js';

/** What a storage keeps of a person who is signed in. */
export interface StoredTokens {
  /** Random, chosen at sign-in and kept through every refresh: tells another tab's refresh from another sign-in. No secret. */
  readonly session: string;
  readonly accessToken: string;
  /** Absent: there is nothing to refresh with. */
  readonly refreshToken?: string;
  /** When the answer with the access token came: milliseconds since 1970. */
  readonly receivedAt: number;
  /** Seconds from then on. */
  readonly expiresIn: number;
}

/** Seconds before its end from which on a token is to be replaced, if it lives long enough. */
const BEFORE_EXPIRY = 60;

const secondsLeft = ({ receivedAt, expiresIn }: StoredTokens, now: number): number => expiresIn - (now - receivedAt) / 1000;

export const isAlive = (tokens: StoredTokens, now: number): boolean => secondsLeft(tokens, now) > 0;

export const isDue = (tokens: StoredTokens, now: number): boolean =>
  secondsLeft(tokens, now) <= Math.min(BEFORE_EXPIRY, tokens.expiresIn / 2);

export const isSame = (one: StoredTokens, other: StoredTokens): boolean =>
  one.session === other.session && one.accessToken === other.accessToken && one.refreshToken === other.refreshToken;

export function firstTokens({ accessToken, refreshToken, expiresIn }: Answer, now: number): StoredTokens {
  const session = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return { session, accessToken, ...(refreshToken !== undefined && { refreshToken }), receivedAt: now, expiresIn };
}

/** RFC 6749 §6: an answer without a refresh token leaves the one there is in force. */
export function nextTokens(tokens: StoredTokens, { accessToken, refreshToken, expiresIn }: Answer, now: number): StoredTokens {
  return { ...tokens, accessToken, ...(refreshToken !== undefined && { refreshToken }), receivedAt: now, expiresIn };
}

/** Undefined: it is none, hence nobody is signed in. */
export function readStoredTokens(value: unknown): StoredTokens | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { session, accessToken, refreshToken, receivedAt, expiresIn } = value as Readonly<Record<string, unknown>>;
  if (typeof session !== 'string' || typeof accessToken !== 'string') return undefined;
  if (refreshToken !== undefined && typeof refreshToken !== 'string') return undefined;
  if (!Number.isFinite(receivedAt) || !Number.isFinite(expiresIn)) return undefined;
  const times = { receivedAt: receivedAt as number, expiresIn: expiresIn as number };
  return { session, accessToken, ...(refreshToken !== undefined && { refreshToken }), ...times };
}
