import { Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { tokenHash } from '../../protocol/hashing.js';
import { newAccessNumber, newIdentifier } from '../../protocol/token-string.js';
import { AuthorizationStore } from '../../storage/authorization.store.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { grantedClaims } from '../../storage/granted-claims.js';
import { ClientPolicy } from '../clients/client-policy.js';
import { AccessTokenMinter } from './access-token-minter.js';
import { earlier, endOf, secondsUntil } from './lifetimes.js';
import type { MintedTokens } from './minted-tokens.js';
import type { PresentedLink } from './presented-link.js';

/** Refreshing without rotation: the link stays head with its fixed expiry, and yields one more access token. */
@Injectable()
export class FurtherAccessTokens {
  constructor(
    private readonly policy: ClientPolicy,
    private readonly store: AuthorizationStore,
    private readonly minter: AccessTokenMinter,
    private readonly clock: Clock,
  ) {}

  /** Undefined: the link is not a valid head, or more is asked than was granted. */
  async issue(client: ClientRecord, { presented, scopes, resources }: PresentedLink): Promise<MintedTokens | undefined> {
    const settings = this.policy.settings(client);
    const now = this.clock.now();
    const expiresAt = endOf(now, settings.accessTokenLifetime);
    const link = Number(presented.key.number);
    for (;;) {
      const draft = this.minter.draft({
        authorizationId: presented.key.authorizationId,
        number: newAccessNumber(),
        expiresAt,
        ...(settings.referenceAccessTokens && { identifier: newIdentifier() }),
        payload: { ...(scopes && { scopes }), ...(resources && { resources }), link },
      });
      const issued = await this.store.issue({
        presented: { key: presented.key, hash: tokenHash(presented) },
        client: client.id,
        now,
        createdAt: now,
        mustBeHead: true,
        ...(scopes && { scopes }),
        ...(resources && { resources }),
        access: draft.entry,
      });
      if (!issued) return undefined;
      if (!issued.written) continue; // 63 random bits met another token's: draw again
      const granted = scopes ?? issued.grant.scopes;
      const facts = {
        ...issued.grant,
        scopes: granted,
        claims: grantedClaims(issued.grant, granted),
        resources: resources ?? issued.grant.resources,
        link,
        issuedAt: now,
        expiresAt: earlier(expiresAt, issued.grant.expiresAt),
      };
      return {
        accessToken: this.minter.write(draft, facts, settings.accessTokenAlgorithm),
        expiresIn: secondsUntil(facts.expiresAt, endOf(now, 0)),
        scopes: facts.scopes,
        person: issued.grant,
        // No new refresh token: the one presented goes on, until its fixed end.
        refreshTokenExpiresIn: secondsUntil(issued.linkExpiresAt, now),
      };
    }
  }
}
