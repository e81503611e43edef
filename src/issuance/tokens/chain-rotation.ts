import { Injectable } from '@nestjs/common';
import { tokenHash } from '../../protocol/hashing.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import { isSameSet } from '../../protocol/scope.js';
import { AuthorizationStore, type RedemptionOutcome } from '../../storage/authorization.store.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { IssuanceEvents } from '../issuance-events.js';
import { KeyRing } from '../keys/key-ring.js';
import type { AccessTokenDraft } from './access-token-minter.js';
import type { MintedTokens } from './minted-tokens.js';
import type { PresentedLink } from './presented-link.js';
import { RefusedLinks } from './refused-links.js';
import { RotatedTokens } from './rotated-tokens.js';
import { Succession } from './succession.js';
import { RefreshRefusedError } from './token-issuer.js';

/**
 * Refreshing with rotation. The successor is derived from the presented token, so that whoever comes within the leeway gets the very tokens the winner
 * got; one statement decides who won, and its answer is all that counts.
 */
@Injectable()
export class ChainRotation {
  constructor(
    private readonly store: AuthorizationStore,
    private readonly keys: KeyRing,
    private readonly rotated: RotatedTokens,
    private readonly refused: RefusedLinks,
    private readonly events: IssuanceEvents,
  ) {}

  /** @throws OAuthError invalid_scope, invalid_target; RefreshRefusedError; StorageUnavailableError */
  async redeem(client: ClientRecord, link: PresentedLink): Promise<MintedTokens> {
    const plan = this.rotated.plan(client, link, this.keys.derivation(), true);
    const outcome = await this.store.redeem(plan.redemption);
    if (!outcome) throw await this.refused.explain(client, link);
    const { authorizationId, subject } = outcome.grant;
    if (outcome.outcome === 'reuse') {
      this.events.emit('refresh.reuse', { authorizationId, client: client.id, subject });
      throw new RefreshRefusedError('used');
    }
    if (outcome.outcome === 'won') return this.rotated.write(client, link, outcome, plan);
    this.events.emit('refresh.retry', { authorizationId, client: client.id, subject });
    return this.retry(client, link, outcome, plan.now);
  }

  /** Derives the winner's tokens again: key, dates and formats from the grant's row, never from this instance's settings or clock. */
  private async retry(client: ClientRecord, link: PresentedLink, outcome: RedemptionOutcome, now: Date): Promise<MintedTokens> {
    const { rotation, grant } = outcome;
    const key = await this.keys.derivationById(rotation.keyId);
    if (!key || !rotation.headExpiresAt) throw new OAuthError({ code: 'temporarily_unavailable', retryAfter: 1 });
    const succession = new Succession(key.secret, link.presented);
    const successor = succession.successor(rotation.headExpiresAt);
    // What is asked for counts, not how: all that the chain has is the same whether it was named or left out.
    const asked = { presented: link.presented, scopes: link.scopes ?? grant.scopes, resources: link.resources ?? grant.resources };
    const sameRequest = isSameSet(asked.scopes, rotation.grantedScopes) && isSameSet(asked.resources, rotation.grantedResources);
    const identity = sameRequest ? succession.access() : succession.accessAsked(asked);
    const access = this.rotated.draft(identity, asked, rotation.accessExpiresAt, rotation.formats.referenceAccess);
    if (!sameRequest) await this.addAccess(client, link, access, rotation.rotatedAt, now);
    return this.rotated.write(client, link, outcome, { access, successor, now });
  }

  /** A retry that asks for something narrower gets a further access token of the same link; the insert may be repeated. */
  private async addAccess(client: ClientRecord, link: PresentedLink, access: AccessTokenDraft, createdAt: Date, now: Date): Promise<void> {
    const issued = await this.store.issue({
      presented: { key: link.presented.key, hash: tokenHash(link.presented) },
      client: client.id,
      now,
      createdAt,
      mustBeHead: false,
      ...(link.scopes && { scopes: link.scopes }),
      ...(link.resources && { resources: link.resources }),
      access: access.entry,
    });
    if (!issued) throw await this.refused.explain(client, link);
  }
}
