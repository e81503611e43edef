import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import { EntryType, parseTokenId } from '../../protocol/entry-key.js';
import { parseToken } from '../../protocol/token-string.js';
import { openedPayloads, referenceTokenClaims } from '../../storage/reference-token-claims.js';
import { TokenEntryStore, type TokenEntryRecord } from '../../storage/token-entry.store.js';
import { isMeantFor } from '../audience.js';
import { Principal } from '../principal.js';
import { SignedTokenVerifier } from '../signed-token/signed-token-verifier.js';
import { refused, TokenCheck, type Verdict } from '../token-check.js';
import { VALIDATION_CLOCK } from '../validation-clock.js';
import { VALIDATION_OPTIONS, type ResolvedValidationOptions } from '../validation.options.js';

/** The token's entry in the database, asked on each request with one query: what is revoked is refused at once. Both formats. */
@Injectable()
export class EntryCheck extends TokenCheck {
  readonly #opened = openedPayloads();

  constructor(
    @Inject(VALIDATION_OPTIONS) private readonly options: ResolvedValidationOptions,
    @Inject(VALIDATION_CLOCK) private readonly clock: Clock,
    private readonly entries: TokenEntryStore,
    private readonly verifier: SignedTokenVerifier,
  ) {
    super();
  }

  override check(token: string): Promise<Verdict> {
    return token.startsWith('cs_') ? this.#checkReference(token) : this.#checkSigned(token);
  }

  async #checkSigned(token: string): Promise<Verdict> {
    const verified = await this.verifier.verify(token);
    if (!verified.accepted) return verified;
    const { claims, client, tokenId } = verified.principal;
    const key = parseTokenId(tokenId);
    if (!key) return refused('jti is not the key of an entry');
    const record = await this.entries.find(key, this.clock.now(), verified.kid);
    if (record?.status !== 'valid') return refused(describe(record));
    const own = record.grant?.client === client && record.grant.subject === claims.sub;
    return own ? verified : refused('entry belongs to another client or subject');
  }

  async #checkReference(token: string): Promise<Verdict> {
    const reference = parseToken(token);
    if (reference?.key.type !== EntryType.accessToken) return refused('not an access token of this service');
    const record = await this.entries.find(reference.key, this.clock.now());
    // Possession first: a forged token must not learn the status of anything, not even in the log.
    const claims = record && referenceTokenClaims(reference, record, this.options.issuer, this.#opened);
    if (!claims) return refused('unknown or forged');
    if (record.status !== 'valid') return refused(describe(record));
    if (!isMeantFor(this.options.audience, claims.aud)) return refused('meant for another audience');
    const principal = Principal.fromClaims(claims);
    return principal ? { accepted: true, principal } : refused('claims of the wrong form');
  }
}

const describe = (record: TokenEntryRecord | undefined): string => `entry ${record?.status ?? 'not found'}`;
