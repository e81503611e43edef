import { Injectable } from '@nestjs/common';
import {
  FirstPartyTokenError,
  FirstPartyTokens,
  type FirstPartyTokenProblem,
  type SignIn,
  type TokenPair,
} from '../../identity/first-party-tokens.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import { ClientPolicy } from '../clients/client-policy.js';
import { RefreshRefusedError, TokenIssuer, type IssuedTokens, type RefreshRefusal } from '../tokens/token-issuer.js';
import { FirstPartyClient } from './first-party-client.js';
import { PresentedTokensOfApp } from './presented-tokens-of-app.js';

const PROBLEMS: Record<RefreshRefusal, FirstPartyTokenProblem> = {
  expired: 'refresh-token-expired',
  used: 'refresh-token-used',
  revoked: 'refresh-token-revoked',
  'not-found': 'refresh-token-not-found',
};

/** The sign-in API's tokens: same issuer, same chains as everywhere, under the built-in client. */
@Injectable()
export class IssuedFirstPartyTokens extends FirstPartyTokens {
  constructor(
    private readonly firstParty: FirstPartyClient,
    private readonly policy: ClientPolicy,
    private readonly issuer: TokenIssuer,
    private readonly presented: PresentedTokensOfApp,
  ) {
    super();
  }

  override async signIn({ subject, claims, credentialVersion, userAgent, address }: SignIn): Promise<TokenPair | undefined> {
    const client = await this.firstParty.get();
    const { scopes } = client.permissions;
    try {
      const tokens = await this.issuer.issue(client, {
        kind: 'new-chain',
        subject,
        scopes,
        resources: await this.policy.audience(client, scopes, []),
        claims,
        refreshable: true,
        ...(credentialVersion !== undefined && { credentialVersion }),
        session: { ...(userAgent !== undefined && { userAgent }), ...(address !== undefined && { address }) },
      });
      return toPair(tokens);
    } catch (error) {
      if (error instanceof OAuthError && error.code === 'invalid_grant') return undefined;
      throw error;
    }
  }

  override async refresh(request: { refreshToken: string; accessToken?: string; onlyWhenExpired: boolean }): Promise<TokenPair> {
    const presented = await this.presented.refreshToken(request.refreshToken);
    if (!presented) throw new FirstPartyTokenError('refresh-token-not-found');
    if (request.accessToken !== undefined)
      await this.presented.checkPair(request.accessToken, presented, request.onlyWhenExpired, this.firstParty.id);
    try {
      const client = await this.firstParty.get();
      const tokens = await this.issuer.issue(client, { kind: 'redeem', presented });
      return toPair(tokens, request.refreshToken);
    } catch (error) {
      if (error instanceof RefreshRefusedError) throw new FirstPartyTokenError(PROBLEMS[error.refusal]);
      throw error;
    }
  }

  override async signOut(refreshToken: string): Promise<void> {
    await this.presented.revoke(refreshToken, this.firstParty.id);
  }
}

/** Without rotation the presented token stays the one to use. */
const toPair = (tokens: IssuedTokens, presented = ''): TokenPair => ({
  accessToken: tokens.accessToken,
  expiresIn: tokens.expiresIn,
  refreshToken: tokens.refreshToken ?? presented,
  refreshTokenExpiresIn: tokens.refreshTokenExpiresIn ?? 0,
});
