import { Injectable } from '@nestjs/common';
import { FirstPartyTokenError } from '../../identity/first-party-tokens.js';
import type { ReferenceToken } from '../../protocol/token-string.js';
import { PresentedTokens } from '../tokens/presented-tokens.js';
import type { RefreshEnvelopeContent } from '../tokens/refresh-envelope.js';
import { TokenRevoker } from '../tokens/token-revoker.js';
import { ExpiredAccessTokens, type FormerAccessToken } from './expired-access-tokens.js';

/** What an app sends: refresh tokens, alone or with the access token they came with. */
@Injectable()
export class PresentedTokensOfApp {
  constructor(
    private readonly presentedTokens: PresentedTokens,
    private readonly accessTokens: ExpiredAccessTokens,
    private readonly revoker: TokenRevoker,
  ) {}

  refreshToken(token: string): Promise<ReferenceToken | RefreshEnvelopeContent | undefined> {
    return this.presentedTokens.refreshToken(token);
  }

  /** @throws FirstPartyTokenError unless the access token is of the same chain and link */
  async checkPair(
    accessToken: string,
    refresh: ReferenceToken | RefreshEnvelopeContent,
    onlyWhenExpired: boolean,
    client: string,
  ): Promise<void> {
    const access = await this.accessTokens.read(accessToken);
    if (!access || access.client !== client) throw new FirstPartyTokenError('access-token-invalid');
    if (!belongsTo(access, refresh)) throw new FirstPartyTokenError('tokens-do-not-match');
    if (onlyWhenExpired && !access.expired) throw new FirstPartyTokenError('access-token-still-valid');
  }

  async revoke(refreshToken: string, client: string): Promise<void> {
    if (await this.presentedTokens.refreshToken(refreshToken)) await this.revoker.revoke(refreshToken, client);
  }
}

/** Without storage there are no links: the sign-in is all they share. */
const belongsTo = (access: FormerAccessToken, refresh: ReferenceToken | RefreshEnvelopeContent): boolean =>
  'key' in refresh
    ? access.authorizationId === refresh.key.authorizationId && access.link === Number(refresh.key.number)
    : access.sid !== undefined && access.sid === refresh.sid;
