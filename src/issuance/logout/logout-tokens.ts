import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { Clock } from '../../protocol/clock.js';
import type { ClientRecord } from '../../storage/client.store.js';
import type { LogoutNotice } from '../../storage/logout-notice.store.js';
import { seconds } from '../../storage/reference-token-claims.js';
import { ClientPolicy } from '../clients/client-policy.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { KeyRing } from '../keys/key-ring.js';
import { JwtType } from '../tokens/jwt-types.js';

/** Seconds: two minutes at most (OpenID Connect Back-Channel Logout 1.0 §2.4). */
const LIFETIME = 120;
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** Logout tokens: what an app is told when a session has ended. */
@Injectable()
export class LogoutTokens {
  constructor(
    private readonly jwt: JwtService,
    private readonly keys: KeyRing,
    private readonly policy: ClientPolicy,
    private readonly clock: Clock,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /**
   * A token for one attempt. Each has a `jti` of its own: an app that refuses those it has seen (§2.6) would go on refusing the same one when only its
   * answer was lost. There is no nonce, so that it is no id token (§2.4).
   */
  write(client: ClientRecord, { subject, sid }: LogoutNotice): Promise<string> {
    const algorithm = this.policy.settings(client).idTokenAlgorithm;
    const { kid, privateKey } = this.keys.signing(algorithm);
    const iat = seconds(this.clock.now());
    const claims = {
      iss: this.options.issuer,
      sub: subject,
      aud: client.id,
      iat,
      exp: iat + LIFETIME,
      jti: randomUUID(),
      events: { [EVENT]: {} },
      sid,
    };
    return this.jwt.signAsync(claims, { algorithm, privateKey, header: { alg: algorithm, kid, typ: JwtType.logoutToken } });
  }
}
