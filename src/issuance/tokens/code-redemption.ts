import { Injectable } from '@nestjs/common';
import { AuthorizationStore } from '../../storage/authorization.store.js';
import type { ClientRecord } from '../../storage/client.store.js';
import type { CodeGrant } from '../grants/grant.js';
import { IssuanceEvents } from '../issuance-events.js';
import { KeyRing } from '../keys/key-ring.js';
import type { MintedTokens } from './minted-tokens.js';
import { codeRefused } from './presented-codes.js';
import { RotatedTokens } from './rotated-tokens.js';

/** Redeems codes: the same statement as for refresh tokens, without leeway. Whoever comes second ends what the first one got (RFC 6749 §4.1.2). */
@Injectable()
export class CodeRedemption {
  constructor(
    private readonly store: AuthorizationStore,
    private readonly keys: KeyRing,
    private readonly rotated: RotatedTokens,
    private readonly events: IssuanceEvents,
  ) {}

  /** @throws OAuthError invalid_grant; StorageUnavailableError */
  async redeem(client: ClientRecord, { presented, resources, refreshable }: CodeGrant): Promise<MintedTokens> {
    const link = { presented, ...(resources && { resources }) };
    const plan = this.rotated.plan(client, link, this.keys.derivation(), refreshable);
    const outcome = await this.store.redeem({ ...plan.redemption, leeway: 0 });
    if (!outcome) throw codeRefused();
    if (outcome.outcome === 'won') return this.rotated.write(client, link, outcome, plan);
    const { authorizationId, subject } = outcome.grant;
    this.events.emit('code.replay', { authorizationId, client: client.id, subject });
    throw codeRefused();
  }
}
