import { Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import type { ReferenceToken } from '../../protocol/token-string.js';
import type { RedemptionOutcome } from '../../storage/authorization.store.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { ClientPolicy, type EffectiveSettings } from '../clients/client-policy.js';
import { AccessTokenMinter, type AccessTokenDraft } from './access-token-minter.js';
import { earlier, endOf, secondsUntil } from './lifetimes.js';
import type { PresentedLink } from './presented-link.js';
import { RefreshTokenWriter } from './refresh-token-writer.js';
import { accessOf } from './successor.js';
import type { IssuedTokens } from './token-issuer.js';

/** Drafts and writes the tokens of a rotation: the winner's, and the same again for its retries. */
@Injectable()
export class RotatedTokens {
  constructor(
    private readonly policy: ClientPolicy,
    private readonly minter: AccessTokenMinter,
    private readonly refreshTokens: RefreshTokenWriter,
    private readonly clock: Clock,
  ) {}

  planFor(client: ClientRecord): { settings: EffectiveSettings; now: Date } {
    return { settings: this.policy.settings(client), now: this.clock.now() };
  }

  draft(derivationKey: Buffer, link: PresentedLink, expiresAt: Date, byReference: boolean, asksOtherwise = false): AccessTokenDraft {
    const { number, identifier } = accessOf(derivationKey, link, asksOtherwise);
    const { scopes, resources, presented } = link;
    return this.minter.draft({
      authorizationId: presented.key.authorizationId,
      number,
      expiresAt,
      ...(byReference && { identifier }),
      payload: { ...(scopes && { scopes }), ...(resources && { resources }), link: Number(presented.key.number) + 1 },
    });
  }

  async write(
    client: ClientRecord,
    link: PresentedLink,
    { grant, rotation }: RedemptionOutcome,
    successor: ReferenceToken,
    access: AccessTokenDraft,
    now: Date,
  ): Promise<IssuedTokens> {
    const refreshEnd = earlier(rotation.headExpiresAt ?? rotation.rotatedAt, grant.expiresAt);
    const facts = {
      ...grant,
      scopes: link.scopes ?? grant.scopes,
      resources: link.resources ?? grant.resources,
      link: Number(successor.key.number),
      issuedAt: rotation.rotatedAt,
      expiresAt: earlier(access.entry.expiresAt, grant.expiresAt),
    };
    return {
      accessToken: this.minter.write(access, facts, this.policy.settings(client).accessTokenAlgorithm),
      expiresIn: secondsUntil(facts.expiresAt, endOf(now, 0)),
      scopes: facts.scopes,
      refreshToken: await this.refreshTokens.write(successor, rotation.formats.selfContainedRefresh, grant, rotation.rotatedAt, refreshEnd),
      refreshTokenExpiresIn: secondsUntil(refreshEnd, now),
    };
  }
}
