import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { Clock } from '../../protocol/clock.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { seconds } from '../../storage/reference-token-claims.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions, SigningAlgorithm } from '../issuance.options.js';
import { KeyRing } from '../keys/key-ring.js';
import type { JwtType } from './jwt-types.js';

export interface ClientJwt {
  readonly type: (typeof JwtType)[keyof typeof JwtType];
  readonly algorithm: SigningAlgorithm;
  /** Seconds; undefined: it tells what was true when it was signed. */
  readonly lifetime?: number;
  /** Beside `iss`, `aud`, `iat` and `exp`. */
  readonly claims: object;
}

/** JWTs that tell a client something: from us, to it, as of now. They open nothing and have no entry. */
@Injectable()
export class ClientJwts {
  constructor(
    private readonly jwt: JwtService,
    private readonly keys: KeyRing,
    private readonly clock: Clock,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  sign(client: ClientRecord, { type, algorithm, lifetime, claims }: ClientJwt): Promise<string> {
    const { kid, privateKey } = this.keys.signing(algorithm);
    const iat = seconds(this.clock.now());
    const payload = { iss: this.options.issuer, aud: client.id, iat, ...(lifetime !== undefined && { exp: iat + lifetime }), ...claims };
    return this.jwt.signAsync(payload, { algorithm, privateKey, header: { alg: algorithm, kid, typ: type } });
  }
}
