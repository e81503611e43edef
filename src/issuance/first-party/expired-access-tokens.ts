import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { EntryType, parseTokenId } from '../../protocol/entry-key.js';
import { parseToken } from '../../protocol/token-string.js';
import { referenceTokenClaims, seconds, type AccessTokenClaims } from '../../storage/reference-token-claims.js';
import { TokenEntryStore, type TokenEntryRecord } from '../../storage/token-entry.store.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { AccessJwt } from '../tokens/access-jwt.js';

/** An access token that was ours, whether or not it still lives. */
export interface FormerAccessToken {
  readonly authorizationId: string;
  readonly link?: number;
  readonly sid?: string;
  readonly client: string;
  readonly expired: boolean;
  /** It or its whole chain, by its entry; false when that is gone. */
  readonly revoked: boolean;
}

/** What a token says and what its entry does; undefined: there is none. */
interface ReadToken {
  readonly claims: AccessTokenClaims;
  readonly record: TokenEntryRecord | undefined;
}

/** Reads access tokens that may have expired: the lifetime is ignored, everything else is not. */
@Injectable()
export class ExpiredAccessTokens {
  constructor(
    private readonly accessJwt: AccessJwt,
    private readonly entries: TokenEntryStore,
    private readonly clock: Clock,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** Undefined: never ours. @throws StorageUnavailableError */
  async read(token: string): Promise<FormerAccessToken | undefined> {
    const found = token.startsWith('cs_') ? await this.fromEntry(token) : await this.fromJwt(token);
    const key = found && parseTokenId(found.claims.jti);
    if (!key) return undefined;
    const { claims, record } = found;
    return {
      authorizationId: key.authorizationId,
      client: claims.client_id,
      ...(claims.lnk !== undefined && { link: claims.lnk }),
      ...(claims.sid !== undefined && { sid: claims.sid }),
      expired: claims.exp <= seconds(this.clock.now()),
      revoked: record?.status === 'revoked',
    };
  }

  private async fromEntry(token: string): Promise<ReadToken | undefined> {
    const reference = parseToken(token);
    if (reference?.key.type !== EntryType.accessToken || !this.options.tokenStorage) return undefined;
    const record = await this.entries.find(reference.key, this.clock.now());
    const claims = record && referenceTokenClaims(reference, record, this.options.issuer);
    return claims && { claims, record };
  }

  private async fromJwt(token: string): Promise<ReadToken | undefined> {
    const verified = await this.accessJwt.verify(token);
    if (!verified) return undefined;
    const { claims, key, kid } = verified;
    return { claims, record: this.options.tokenStorage ? await this.entries.find(key, this.clock.now(), kid) : undefined };
  }
}
