import { randomInt } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { tokenHash } from '../../protocol/hashing.js';
import type { ReferenceToken } from '../../protocol/token-string.js';
import type { Redemption, RedemptionOutcome } from '../../storage/authorization.store.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { grantedClaims } from '../../storage/granted-claims.js';
import { ClientPolicy } from '../clients/client-policy.js';
import type { SymmetricKey } from '../keys/key-material.js';
import { AccessTokenMinter, type AccessTokenDraft } from './access-token-minter.js';
import { earlier, endOf, secondsUntil } from './lifetimes.js';
import type { PresentedLink } from './presented-link.js';
import { RefreshTokenWriter } from './refresh-token-writer.js';
import type { MintedTokens } from './minted-tokens.js';
import { Succession, type AccessIdentity } from './succession.js';

/** Tokens before they are written. */
export interface RotationDraft {
  readonly access: AccessTokenDraft;
  /** Undefined: no refresh token. */
  readonly successor?: ReferenceToken;
  readonly now: Date;
}

/** A redemption that is yet to be decided, and what it issues if it is won. */
export interface RotationPlan extends RotationDraft {
  readonly redemption: Redemption;
}

const HIGHEST_NONCE = 2 ** 31 - 1;

/** Drafts and writes the tokens of a rotation: the winner's, and the same again for its retries. */
@Injectable()
export class RotatedTokens {
  constructor(
    private readonly policy: ClientPolicy,
    private readonly minter: AccessTokenMinter,
    private readonly refreshTokens: RefreshTokenWriter,
    private readonly clock: Clock,
  ) {}

  plan(client: ClientRecord, link: PresentedLink, key: SymmetricKey, refreshable: boolean): RotationPlan {
    const settings = this.policy.settings(client);
    const now = this.clock.now();
    const refreshEnd = endOf(now, settings.refreshTokenLifetime);
    const formats = { referenceAccess: settings.referenceAccessTokens, selfContainedRefresh: !settings.referenceRefreshTokens };
    const succession = new Succession(key.secret, link.presented);
    const successor = refreshable ? succession.successor(refreshEnd) : undefined;
    const access = this.draft(succession.access(), link, endOf(now, settings.accessTokenLifetime), formats.referenceAccess);
    const redemption = {
      presented: { key: link.presented.key, hash: tokenHash(link.presented) },
      client: client.id,
      now,
      leeway: settings.leeway,
      nonce: randomInt(1, HIGHEST_NONCE),
      keyId: key.id,
      ...(link.scopes && { scopes: link.scopes }),
      ...(link.resources && { resources: link.resources }),
      ...(successor && { successor: { key: successor.key, expiresAt: refreshEnd, hash: tokenHash(successor) } }),
      access: access.entry,
      formats,
    };
    return { redemption, access, now, ...(successor && { successor }) };
  }

  draft(
    { number, identifier }: AccessIdentity,
    { presented, scopes, resources }: PresentedLink,
    expiresAt: Date,
    byReference: boolean,
  ): AccessTokenDraft {
    return this.minter.draft({
      authorizationId: presented.key.authorizationId,
      number,
      expiresAt,
      ...(byReference && { identifier: identifier() }),
      payload: { ...(scopes && { scopes }), ...(resources && { resources }), link: Number(presented.key.number) + 1 },
    });
  }

  async write(
    client: ClientRecord,
    link: PresentedLink,
    { grant, rotation }: RedemptionOutcome,
    { access, successor, now }: RotationDraft,
  ): Promise<MintedTokens> {
    const scopes = link.scopes ?? grant.scopes;
    const facts = {
      subject: grant.subject,
      client: grant.client,
      sid: grant.sid,
      scopes,
      claims: grantedClaims(grant, scopes),
      resources: link.resources ?? grant.resources,
      link: Number(link.presented.key.number) + 1,
      issuedAt: rotation.rotatedAt,
      expiresAt: earlier(access.entry.expiresAt, grant.expiresAt),
    };
    const refreshEnd = earlier(rotation.headExpiresAt ?? rotation.rotatedAt, grant.expiresAt);
    return {
      accessToken: this.minter.write(access, facts, this.policy.settings(client).accessTokenAlgorithm),
      expiresIn: secondsUntil(facts.expiresAt, endOf(now, 0)),
      scopes: facts.scopes,
      person: grant,
      ...(successor && {
        refreshToken: await this.refreshTokens.write(
          successor,
          rotation.formats.selfContainedRefresh,
          grant,
          rotation.rotatedAt,
          refreshEnd,
        ),
        refreshTokenExpiresIn: secondsUntil(refreshEnd, now),
      }),
    };
  }
}
