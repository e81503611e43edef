import { Inject, Injectable } from '@nestjs/common';
import type { ClientRecord } from '../../storage/client.store.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { ClientJwts } from './client-jwts.js';
import { JwtType } from './jwt-types.js';

/** Introspection answers as JWTs (RFC 9701 §5), for resource servers that must be able to show later what they were told. */
@Injectable()
export class IntrospectionJwt {
  constructor(
    private readonly jwts: ClientJwts,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** What is told of the token stays inside `token_introspection`: with `sub` or `exp` of its own the JWT could be taken for an access token (§8.1). */
  sign(caller: ClientRecord, answer: object): Promise<string> {
    const algorithm = caller.settings.introspectionAlgorithm ?? this.options.idTokenAlgorithm;
    return this.jwts.sign(caller, { type: JwtType.introspection, algorithm, claims: { token_introspection: answer } });
  }
}
