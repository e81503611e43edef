import type { ClientRecord } from '../../storage/client.store.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import type { Grant } from '../grants/grant.js';

/** What a grant came to. Lifetimes in seconds from now. */
export interface IssuedTokens {
  readonly accessToken: string;
  readonly expiresIn: number;
  readonly scopes: readonly string[];
  /** Undefined: there is none, or the one presented stays the one to use. */
  readonly refreshToken?: string;
  /** Of the refresh token, new or presented. */
  readonly refreshTokenExpiresIn?: number;
  /** With scope openid, for a person. */
  readonly idToken?: string;
}

/** Why a refresh token is worth nothing any more: for the sign-in API, which tells; on the wire all of them are `invalid_grant`. */
export type RefreshRefusal = 'expired' | 'used' | 'revoked' | 'not-found';

export class RefreshRefusedError extends OAuthError {
  constructor(readonly refusal: RefreshRefusal) {
    super({ code: 'invalid_grant', description: DESCRIPTIONS[refusal] });
  }
}

const DESCRIPTIONS: Record<RefreshRefusal, string> = {
  expired: 'The refresh token has expired.',
  used: 'The refresh token was used before; all tokens of this sign-in have ended.',
  revoked: 'The refresh token was revoked.',
  'not-found': 'The refresh token is unknown.',
};

/** The only minter: turns a grant into tokens, and stores their entries in one statement. */
export abstract class TokenIssuer {
  /** @throws OAuthError; RefreshRefusedError for refresh tokens; StorageUnavailableError */
  abstract issue(client: ClientRecord, grant: Grant): Promise<IssuedTokens>;
}
