import { Injectable } from '@nestjs/common';
import { OAuthError } from '../../protocol/oauth-error.js';
import type { ClientRecord } from '../../storage/client.store.js';
import type { Grant } from '../grants/grant.js';
import { ChainRotation } from './chain-rotation.js';
import { ChainStart } from './chain-start.js';
import { FurtherAccessTokens } from './further-access-tokens.js';
import { MachineTokens } from './machine-tokens.js';
import { RefreshRefusedError, TokenIssuer, type IssuedTokens } from './token-issuer.js';
import { ClientPolicy } from '../clients/client-policy.js';

/** The minter with token storage: every token has an entry. */
@Injectable()
export class EntryTokenIssuer extends TokenIssuer {
  constructor(
    private readonly policy: ClientPolicy,
    private readonly machineTokens: MachineTokens,
    private readonly chainStart: ChainStart,
    private readonly rotation: ChainRotation,
    private readonly furtherAccess: FurtherAccessTokens,
  ) {
    super();
  }

  override async issue(client: ClientRecord, grant: Grant): Promise<IssuedTokens> {
    switch (grant.kind) {
      case 'machine':
        return this.machineTokens.issue(client, grant);
      case 'new-chain': {
        const tokens = await this.chainStart.start(client, grant);
        if (!tokens) throw new OAuthError({ code: 'invalid_grant', description: 'The sign-in is no longer valid.' });
        return tokens;
      }
      case 'redeem': {
        const { presented, scopes, resources } = grant;
        // A self-contained token from a time without storage has no entry that could be redeemed.
        if (!('key' in presented)) throw new RefreshRefusedError('not-found');
        const redeem = { presented, ...(scopes && { scopes }), ...(resources && { resources }) };
        const { rotation } = this.policy.settings(client);
        // Without rotation the link stays head; one that is not head any more can only be a retry or a reuse, which redemption tells.
        return (rotation ? undefined : await this.furtherAccess.issue(client, redeem)) ?? this.rotation.redeem(client, redeem);
      }
    }
  }
}
