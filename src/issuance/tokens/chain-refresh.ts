import { Injectable } from '@nestjs/common';
import type { ClientRecord } from '../../storage/client.store.js';
import { ClientPolicy } from '../clients/client-policy.js';
import type { RedeemGrant } from '../grants/grant.js';
import { ChainRotation } from './chain-rotation.js';
import { FurtherAccessTokens } from './further-access-tokens.js';
import type { MintedTokens } from './minted-tokens.js';
import { RefreshRefusedError } from './token-issuer.js';

/** Refreshing, with rotation or without. */
@Injectable()
export class ChainRefresh {
  constructor(
    private readonly policy: ClientPolicy,
    private readonly rotation: ChainRotation,
    private readonly furtherAccess: FurtherAccessTokens,
  ) {}

  /** @throws OAuthError invalid_scope, invalid_target; RefreshRefusedError; StorageUnavailableError */
  async refresh(client: ClientRecord, { presented, scopes, resources }: RedeemGrant): Promise<MintedTokens> {
    // A self-contained token from a time without storage has no entry that could be redeemed.
    if (!('key' in presented)) throw new RefreshRefusedError('not-found');
    const link = { presented, ...(scopes && { scopes }), ...(resources && { resources }) };
    // Without rotation the link stays head; one that is not head any more can only be a retry or a reuse, which redemption tells.
    const further = this.policy.settings(client).rotation ? undefined : await this.furtherAccess.issue(client, link);
    return further ?? this.rotation.redeem(client, link);
  }
}
