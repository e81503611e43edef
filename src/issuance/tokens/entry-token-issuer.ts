import { Injectable } from '@nestjs/common';
import { OAuthError } from '../../protocol/oauth-error.js';
import type { ClientRecord } from '../../storage/client.store.js';
import type { Grant, NewChainGrant } from '../grants/grant.js';
import { ChainRefresh } from './chain-refresh.js';
import { ChainStart } from './chain-start.js';
import { CodeRedemption } from './code-redemption.js';
import { IdTokens } from './id-tokens.js';
import { MachineTokens } from './machine-tokens.js';
import type { MintedTokens } from './minted-tokens.js';
import { TokenIssuer, type IssuedTokens } from './token-issuer.js';

/** The minter with token storage: every token has an entry. */
@Injectable()
export class EntryTokenIssuer extends TokenIssuer {
  constructor(
    private readonly machineTokens: MachineTokens,
    private readonly chainStart: ChainStart,
    private readonly codes: CodeRedemption,
    private readonly chainRefresh: ChainRefresh,
    private readonly idTokens: IdTokens,
  ) {
    super();
  }

  override async issue(client: ClientRecord, grant: Grant): Promise<IssuedTokens> {
    const { person, ...tokens } = await this.mint(client, grant);
    if (!person || !tokens.scopes.includes('openid')) return tokens;
    const nonce = grant.kind === 'code' ? grant.nonce : undefined;
    return { ...tokens, idToken: await this.idTokens.write(client, person, tokens.accessToken, nonce) };
  }

  private mint(client: ClientRecord, grant: Grant): Promise<MintedTokens> {
    switch (grant.kind) {
      case 'machine':
        return this.machineTokens.issue(client, grant);
      case 'new-chain':
        return this.start(client, grant);
      case 'code':
        return this.codes.redeem(client, grant);
      case 'redeem':
        return this.chainRefresh.refresh(client, grant);
    }
  }

  private async start(client: ClientRecord, grant: NewChainGrant): Promise<MintedTokens> {
    const tokens = await this.chainStart.start(client, grant);
    if (!tokens) throw new OAuthError({ code: 'invalid_grant', description: 'The sign-in is no longer valid.' });
    return tokens;
  }
}
