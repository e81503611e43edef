import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { Clock } from '../../protocol/clock.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { seconds } from '../../storage/reference-token-claims.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { KeyRing } from '../keys/key-ring.js';
import { JwtType } from './jwt-types.js';

/** Introspection answers as JWTs (RFC 9701 §5), for resource servers that must be able to show later what they were told. */
@Injectable()
export class IntrospectionJwt {
  constructor(
    private readonly jwt: JwtService,
    private readonly keys: KeyRing,
    private readonly clock: Clock,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** What is told of the token stays inside `token_introspection`: with `sub` or `exp` of its own the JWT could be taken for an access token (§8.1). */
  sign(caller: ClientRecord, answer: object): Promise<string> {
    const algorithm = caller.settings.introspectionAlgorithm ?? this.options.idTokenAlgorithm;
    const { kid, privateKey } = this.keys.signing(algorithm);
    const claims = { iss: this.options.issuer, aud: caller.id, iat: seconds(this.clock.now()), token_introspection: answer };
    const header = { alg: algorithm, kid, typ: JwtType.introspection };
    return this.jwt.signAsync(claims, { algorithm, privateKey, header });
  }
}
