import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { EntryType } from '../../protocol/entry-key.js';
import { constantTimeEqual, tokenHash } from '../../protocol/hashing.js';
import { formatScope } from '../../protocol/scope.js';
import {
  openedPayloads,
  referenceTokenClaims,
  seconds,
  type AccessTokenClaims,
  type OpenedPayloads,
} from '../../storage/reference-token-claims.js';
import { TokenEntryStore, type TokenEntryRecord } from '../../storage/token-entry.store.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { PresentedTokens, type PresentedToken } from './presented-tokens.js';

/** A token that is good at this moment, by its entry. */
export interface ActiveToken {
  readonly type: EntryType;
  /** Of the key that signed it, if any did. */
  readonly kid?: string;
  /** As RFC 9068 §2.2 and RFC 7662 §2.2 name them. */
  readonly claims: AccessTokenClaims;
}

/** Reads tokens of either format by their entries: one look-up, whatever was presented. */
@Injectable()
export class TokenReader {
  private readonly opened = openedPayloads();

  constructor(
    private readonly presentedTokens: PresentedTokens,
    private readonly entries: TokenEntryStore,
    private readonly clock: Clock,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** Undefined: unknown, malformed, expired, redeemed, revoked, or `caller` is no enabled client. @throws StorageUnavailableError */
  async read(token: string, caller?: string): Promise<ActiveToken | undefined> {
    const presented = await this.presentedTokens.recognise(token);
    if (!presented) return undefined;
    if (!this.options.tokenStorage) return this.bySignature(presented);
    const kid = presented.form === 'jwt' ? presented.jwt.kid : undefined;
    const record = await this.entries.find(presented.key, this.clock.now(), kid, caller);
    if (record?.status !== 'valid') return undefined;
    const claims = claimsOf(presented, record, this.options.issuer, this.opened);
    return claims && { type: presented.key.type, claims, ...(kid !== undefined && { kid }) };
  }

  /** Without storage the signature and the dates are all there is. */
  private bySignature(presented: PresentedToken): ActiveToken | undefined {
    if (presented.form !== 'jwt' || presented.jwt.claims.exp <= seconds(this.clock.now())) return undefined;
    return { type: EntryType.accessToken, claims: presented.jwt.claims };
  }
}

function claimsOf(
  presented: PresentedToken,
  record: TokenEntryRecord,
  issuer: string,
  opened: OpenedPayloads,
): AccessTokenClaims | undefined {
  if (presented.form === 'jwt') {
    const { claims } = presented.jwt;
    // The entry of a signed token has no hash and is of the same client and subject; a reference must match one.
    const own = !record.hash && record.grant?.client === claims.client_id && record.grant.subject === claims.sub;
    return own ? claims : undefined;
  }
  const { reference } = presented;
  if (reference.key.type === EntryType.accessToken) return referenceTokenClaims(reference, record, issuer, opened);
  const { grant, hash } = record;
  if (!grant || !hash || !constantTimeEqual(hash, tokenHash(reference))) return undefined;
  return {
    iss: issuer,
    jti: grant.authorizationId,
    sub: grant.subject,
    client_id: grant.client,
    ...(grant.scopes.length > 0 && { scope: formatScope(grant.scopes) }),
    aud: grant.resources,
    iat: seconds(record.createdAt),
    exp: seconds(record.expiresAt),
    ...(grant.sid !== undefined && { sid: grant.sid }),
  };
}
