import { Injectable } from '@nestjs/common';
import { FirstPartyTokenError } from '../../identity/first-party-tokens.js';
import { Clock } from '../../protocol/clock.js';
import { constantTimeEqual, tokenHash } from '../../protocol/hashing.js';
import type { ReferenceToken } from '../../protocol/token-string.js';
import { TokenEntryStore } from '../../storage/token-entry.store.js';
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
    private readonly entries: TokenEntryStore,
    private readonly clock: Clock,
  ) {}

  refreshToken(token: string): Promise<ReferenceToken | RefreshEnvelopeContent | undefined> {
    return this.presentedTokens.refreshToken(token);
  }

  /**
   * The access token, which is of the same chain and link. A revoked one is returned where the link could not be redeemed: what is wrong with that
   * is for the redemption to say, which ends the family of a link that is used again.
   * @throws FirstPartyTokenError
   */
  async checkPair(
    accessToken: string,
    refresh: ReferenceToken | RefreshEnvelopeContent,
    onlyWhenExpired: boolean,
    client: string,
  ): Promise<FormerAccessToken> {
    const access = await this.accessTokens.read(accessToken);
    if (!access || access.client !== client) throw new FirstPartyTokenError('access-token-invalid');
    if (!belongsTo(access, refresh)) throw new FirstPartyTokenError('tokens-do-not-match');
    if (access.revoked && (await this.isGood(refresh))) throw new FirstPartyTokenError('access-token-invalid');
    if (onlyWhenExpired && !access.expired && !access.revoked) throw new FirstPartyTokenError('access-token-still-valid');
    return access;
  }

  async revoke(refreshToken: string, client: string): Promise<void> {
    if (await this.presentedTokens.refreshToken(refreshToken)) await this.revoker.revoke(refreshToken, client);
  }

  /** Genuine, and neither spent, revoked nor expired: so its chain is alive. */
  private async isGood(refresh: ReferenceToken | RefreshEnvelopeContent): Promise<boolean> {
    if (!('key' in refresh)) return false;
    const record = await this.entries.find(refresh.key, this.clock.now());
    return record?.status === 'valid' && record.hash !== undefined && constantTimeEqual(record.hash, tokenHash(refresh));
  }
}

/** Without storage there are no links: the sign-in is all they share. */
const belongsTo = (access: FormerAccessToken, refresh: ReferenceToken | RefreshEnvelopeContent): boolean =>
  'key' in refresh
    ? access.authorizationId === refresh.key.authorizationId && access.link === Number(refresh.key.number)
    : access.sid !== undefined && access.sid === refresh.sid;
