import { Injectable } from '@nestjs/common';
import {
  FirstPartyTokenError,
  FirstPartyTokens,
  type FirstPartyTokenProblem,
  type SignIn,
  type TokenPair,
} from '../../identity/first-party-tokens.js';
import { IssuerAddress } from '../../identity/issuer-address.js';
import { Clock } from '../../protocol/clock.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { seconds } from '../../storage/reference-token-claims.js';
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

/** RFC 8176 §2: the only means that the sign-in API knows. */
const PASSWORD = ['pwd'];

/** The sign-in API's tokens: same issuer, same chains as everywhere, under the built-in client. */
@Injectable()
export class IssuedFirstPartyTokens extends FirstPartyTokens {
  constructor(
    private readonly firstParty: FirstPartyClient,
    private readonly policy: ClientPolicy,
    private readonly issuer: TokenIssuer,
    private readonly presented: PresentedTokensOfApp,
    private readonly address: IssuerAddress,
    private readonly clock: Clock,
  ) {
    super();
  }

  override canSignIn(): Promise<boolean> {
    return this.firstParty.isEnabled();
  }

  override async signIn(signIn: SignIn): Promise<TokenPair | undefined> {
    const client = await this.firstParty.find();
    const tokens = client && (await this.openChain(client, signIn));
    if (tokens) return toPair(tokens);
    // The statement says only that nothing happened: to the person, or to the client.
    if (!(await this.canSignIn())) throw new FirstPartyTokenError('sign-in-off');
    return undefined;
  }

  override async refresh(request: { refreshToken: string; accessToken?: string; onlyWhenExpired: boolean }): Promise<TokenPair> {
    const presented = await this.presented.refreshToken(request.refreshToken);
    if (!presented) throw new FirstPartyTokenError('refresh-token-not-found');
    const access =
      request.accessToken === undefined
        ? undefined
        : await this.presented.checkPair(request.accessToken, presented, request.onlyWhenExpired, this.firstParty.id);
    const client = await this.firstParty.find();
    // Gone is as good as disabled.
    if (!client) throw new FirstPartyTokenError('refresh-token-revoked');
    try {
      const tokens = await this.issuer.issue(client, { kind: 'redeem', presented });
      // A retry, or checkPair would have refused it: nothing was written, and the chain is alive.
      if (access?.revoked) throw new FirstPartyTokenError('access-token-invalid');
      return toPair(tokens, request.refreshToken);
    } catch (error) {
      if (error instanceof RefreshRefusedError) throw new FirstPartyTokenError(PROBLEMS[error.refusal]);
      throw error;
    }
  }

  override async signOut(refreshToken: string): Promise<void> {
    await this.presented.revoke(refreshToken, this.firstParty.id);
  }

  private async openChain(client: ClientRecord, signIn: SignIn): Promise<IssuedTokens | undefined> {
    const { subject, claims, credentialVersion, userAgent, address } = signIn;
    const { scopes } = client.permissions;
    try {
      return await this.issuer.issue(client, {
        kind: 'new-chain',
        subject,
        scopes,
        // The account's own routes, beside the APIs that the scopes are for.
        resources: [...new Set([this.address.issuer, ...(await this.policy.audience(client, scopes, []))])],
        claims: { auth_time: seconds(this.clock.now()), amr: PASSWORD, ...claims },
        refreshable: true,
        ...(credentialVersion !== undefined && { credentialVersion }),
        session: { ...(userAgent !== undefined && { userAgent }), ...(address !== undefined && { address }) },
      });
    } catch (error) {
      if (error instanceof OAuthError && error.code === 'invalid_grant') return undefined;
      throw error;
    }
  }
}

/** Without rotation the presented token stays the one to use. */
const toPair = (tokens: IssuedTokens, presented = ''): TokenPair => ({
  accessToken: tokens.accessToken,
  expiresIn: tokens.expiresIn,
  refreshToken: tokens.refreshToken ?? presented,
  refreshTokenExpiresIn: tokens.refreshTokenExpiresIn ?? 0,
});
