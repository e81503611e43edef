import { Inject, Injectable } from '@nestjs/common';
import { bucketOf, EntryType, formatTokenId } from '../../protocol/entry-key.js';
import { tokenHash } from '../../protocol/hashing.js';
import { formatScope } from '../../protocol/scope.js';
import { sealPayload } from '../../protocol/sealed-payload.js';
import { formatToken, type ReferenceToken } from '../../protocol/token-string.js';
import type { NewEntry } from '../../storage/authorization.store.js';
import { audience, claimsBeside, seconds, type AccessTokenPayload } from '../../storage/reference-token-claims.js';
import type { ResolvedIssuanceOptions, SigningAlgorithm } from '../issuance.options.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import { AccessJwt } from './access-jwt.js';

/** An access token before its statement ran: the entry to store, and, by reference, the token itself. */
export interface AccessTokenDraft {
  readonly entry: NewEntry;
  readonly reference?: ReferenceToken;
}

export interface AccessTokenPlan {
  readonly authorizationId: string;
  readonly number: bigint;
  readonly expiresAt: Date;
  /** 256 bits for a token by reference; undefined: a JWT. */
  readonly identifier?: Buffer;
  readonly payload: AccessTokenPayload;
}

/** What the token says; known once the statement has answered. */
export interface AccessTokenFacts {
  readonly subject: string;
  readonly client: string;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
  readonly sid?: string | undefined;
  readonly link?: number;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** Writes access tokens in either format. */
@Injectable()
export class AccessTokenMinter {
  constructor(
    private readonly jwt: AccessJwt,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** The entry must be known before the statement; what only the grant's row knows stays out of it. */
  draft({ authorizationId, number, expiresAt, identifier, payload }: AccessTokenPlan): AccessTokenDraft {
    const key = { bucket: bucketOf(expiresAt), authorizationId, type: EntryType.accessToken, number };
    if (!identifier) return { entry: { key, expiresAt } };
    const reference = { key, identifier };
    return { reference, entry: { key, expiresAt, hash: tokenHash(reference), payload: sealPayload(reference, payload) } };
  }

  write(draft: AccessTokenDraft, facts: AccessTokenFacts, algorithm: SigningAlgorithm): string {
    if (draft.reference) return formatToken(draft.reference);
    const claims = {
      iss: this.options.issuer,
      sub: facts.subject,
      aud: audience(facts.resources),
      exp: seconds(facts.expiresAt),
      nbf: undefined,
      iat: seconds(facts.issuedAt),
      jti: formatTokenId(draft.entry.key),
      client_id: facts.client,
      scope: facts.scopes.length > 0 ? formatScope(facts.scopes) : undefined,
      sid: facts.sid,
      lnk: facts.link,
    };
    return this.jwt.sign(claimsBeside(facts.claims, claims), algorithm);
  }
}
