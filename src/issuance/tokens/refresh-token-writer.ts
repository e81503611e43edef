import { Inject, Injectable } from '@nestjs/common';
import { formatScope } from '../../protocol/scope.js';
import { formatToken, type ReferenceToken } from '../../protocol/token-string.js';
import type { GrantRecord } from '../../storage/authorization.store.js';
import { seconds } from '../../storage/reference-token-claims.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { RefreshEnvelope } from './refresh-envelope.js';

/** Writes refresh tokens in either format. The same link, dates and format give the same token. */
@Injectable()
export class RefreshTokenWriter {
  constructor(
    private readonly envelope: RefreshEnvelope,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  async write(
    link: ReferenceToken,
    selfContained: boolean,
    grant: Omit<GrantRecord, 'generation'>,
    issuedAt: Date,
    expiresAt: Date,
  ): Promise<string> {
    if (!selfContained) return formatToken(link);
    return this.envelope.seal({
      ref: formatToken(link),
      iss: this.options.issuer,
      client_id: grant.client,
      sub: grant.subject,
      scope: formatScope(grant.scopes),
      aud: grant.resources,
      claims: grant.claims,
      iat: seconds(issuedAt),
      exp: seconds(expiresAt),
      end: seconds(grant.expiresAt),
      ...(grant.sid !== undefined && { sid: grant.sid }),
    });
  }
}
